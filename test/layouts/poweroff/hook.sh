# A file, a storage daemon as it were, and a process that nobody spares.
echo left >/run/initramfs/left-by-a-hook
ln -s "$(command -v sleep)" /run/initramfs/@of-a-hook
ln -s "$(command -v sleep)" /run/initramfs/of-a-hook
(
    PATH=/run/initramfs:$PATH
    @of-a-hook 100000 </dev/null >/dev/null 2>&1 &
    of-a-hook 100000 </dev/null >/dev/null 2>&1 &
)
