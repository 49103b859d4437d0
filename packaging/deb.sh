#!/bin/sh
# Makes build/preroot_VERSION_ARCH.deb of what make install has put below DIR: the files that only a Debian has, and dpkg-deb. No debhelper: it would be most
# of what has to be installed, and do less than half of this.
#
#	sh packaging/deb.sh DIR VERSION ARCH
set -eu
dir=$1 version=$2 arch=$3
here=$(dirname "$0")
doc=$dir/usr/share/doc/preroot
# The time of the last commit, so that the same source gives the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH

# This is the machine's maker of images now (packaging/kernel/postinst looks for the link).
mkdir -p "$dir/usr/sbin"
ln -sf ../lib/preroot/update-initramfs "$dir/usr/sbin/update-initramfs"

install -D -m 644 "$here/debian/copyright" "$doc/copyright"
install -D -m 644 "$here/debian/lintian-overrides" "$dir/usr/share/lintian/overrides/preroot"
printf 'preroot (%s) unstable; urgency=medium\n\n  * As of the repository.\n\n -- %s  %s\n' "$version" "$(sed -n 's/^Maintainer: //p' "$here/debian/control")" \
  "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
gzip -9nf "$dir"/usr/share/man/man*/*.[0-9]

mkdir -p "$dir/DEBIAN"
(cd "$dir" && find usr etc -type f -exec md5sum {} + | LC_ALL=C sort -k 2 >DEBIAN/md5sums)
size=$(du -sk --apparent-size --exclude=DEBIAN "$dir" | cut -f 1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" "$here/debian/control" >"$dir/DEBIAN/control"
install -m 644 "$here/debian/triggers" "$here/debian/conffiles" "$dir/DEBIAN/"
install -m 755 "$here/debian/postinst" "$here/debian/postrm" "$dir/DEBIAN/"
find "$dir" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz -b "$dir" "build/preroot_${version}_$arch.deb"
