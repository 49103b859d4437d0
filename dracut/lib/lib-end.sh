
# ---- what sourcing the library does ----

if [ -z "${PREFIX-}" ]; then
    for _pr_w in /run/initramfs/cmdline.d /run/initramfs/log /run/lock /run/log; do
        [ -d "$_pr_w" ] || mkdir -m 0755 -p "$_pr_w" || :
    done
    [ -e /var/log ] || [ -L /var/log ] || ln -s /run/initramfs/log /var/log || :
    setdebug
    setmemdebug
fi
command -v str_replace > /dev/null || . /lib/dracut-dev-lib.sh
