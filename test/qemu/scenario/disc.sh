# Finds a disc that has a system; scripts source it.
# disks prints the names of all disks and drives.
disks() { sed -n 's/^ .* //p' /proc/partitions; }
# disc prints the drive with the disc in it. Drives come late, and some are empty.
disc() {
    n=0
    while [ $n -lt 100 ]; do
        for d in $(disks); do
            mount -r -t iso9660 "/dev/$d" /mnt 2>/dev/null || continue
            init=$(ls /mnt/sbin/init 2>/dev/null)
            umount /mnt
            [ -z "$init" ] || { echo "$d"; return; }
        done
        sleep 0.1
        n=$((n + 1))
    done
    return 1
}
