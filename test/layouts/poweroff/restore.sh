#!/bin/bash
# Run in a system: makes images of four forms from the image in /preroot/out, and lets the system's dracut-initramfs-restore unpack each, as
# dracut-shutdown.service does when the machine goes down. Says what came of it: FORM SYSTEM: restored, or not.
cd /preroot/out || exit
restore() { # FORM IMAGE
    rm -rf /run/initramfs /boot/*
    mkdir -p /run/initramfs
    : >/run/initramfs/.need_shutdown
    ln "$2" "/boot/initrd.img-$(uname -r)" 2>/dev/null || cp "$2" "/boot/initrd.img-$(uname -r)"
    /usr/lib/dracut/dracut-initramfs-restore >/dev/null 2>&1
    status=$?
    if [ -x /run/initramfs/shutdown ] && [ -e /run/initramfs/bin/sh ]; then what=restored; else what=not; fi
    echo "RESTORE $1 $tool $what $status"
}
init=$(mktemp -d) bin=$(mktemp -d)
cp init "$init/init"
tool=cpio
command -v 3cpio >/dev/null && tool=3cpio
for round in 1 2; do
    for form in compressed plain; do
        restore $form-alone $form.img
        { cat $form.img; head -c $((-$(stat -c %s $form.img) & 3)) /dev/zero; (cd "$init" && echo init | cpio -o -H newc --quiet); } >two.img
        restore $form-and-ours two.img
    done
    [ $tool = 3cpio ] || break
    ln -s /usr/bin/* "$bin" && rm "$bin/3cpio" && PATH=$bin
    hash -r
    tool=cpio
done
rm -rf /run/initramfs /boot/* "$init" "$bin"
