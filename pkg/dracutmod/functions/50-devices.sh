# Block devices and file systems of this machine.

get_fs_env() {
    local type
    [[ $1 ]] || return
    type=$(blkid -u filesystem -s TYPE -o value -- "$1")
    [[ $type ]] && printf '%s' "$type"
}

get_maj_min() {
    local pair
    pair=$(stat -L -c '%t:%T' -- "$1" 2>/dev/null) || return 1
    printf '%d:%d' "0x${pair%:*}" "0x${pair#*:}"
}

get_devpath_block() {
    local number file
    number=$(get_maj_min "$1")
    for file in /sys/block/*/dev /sys/block/*/*/dev; do
        if [[ -e $file && $number == "$(<"$file")" ]]; then
            printf '%s' "${file%/dev}"
            return 0
        fi
    done
    return 1
}

get_persistent_dev() {
    local number link
    number=$(get_maj_min "$1") || return
    for link in ${persistent_policy:+/dev/disk/"$persistent_policy"/*} /dev/mapper/* /dev/disk/by-{uuid,label,partuuid,partlabel,id,path}/*; do
        [[ -b $link && $link != /dev/mapper/mpath* ]] || continue
        if [[ $(get_maj_min "$link") == "$number" ]]; then
            printf '%s' "$link"
            return
        fi
    done
    printf '%s' "$1"
}

expand_persistent_dev() {
    local value=${1#*=}
    case $1 in
        LABEL=*) printf '/dev/disk/by-label/%s' "$value" ;;
        UUID=*) printf '/dev/disk/by-uuid/%s' "${value,,}" ;;
        PARTUUID=*) printf '/dev/disk/by-partuuid/%s' "${value,,}" ;;
        PARTLABEL=*) printf '/dev/disk/by-partlabel/%s' "$value" ;;
        *) printf '%s' "$1" ;;
    esac
}

shorten_persistent_dev() {
    case $1 in
        /dev/disk/by-uuid/*) printf 'UUID=%s' "${1##*/}" ;;
        /dev/disk/by-label/*) printf 'LABEL=%s' "${1##*/}" ;;
        /dev/disk/by-partuuid/*) printf 'PARTUUID=%s' "${1##*/}" ;;
        /dev/disk/by-partlabel/*) printf 'PARTLABEL=%s' "${1##*/}" ;;
        *) printf '%s' "$1" ;;
    esac
}

# __findmnt COLUMN WORD...: of what is mounted, then of fstab; the first line with something in it.
__findmnt() {
    local column=$1 line
    shift
    if [[ ${use_fstab-} != yes ]]; then
        while read -r line; do
            [[ -n $line && $line != autofs ]] && printf '%s' "$line" && return 0
        done < <(findmnt -e -v -n -o "$column" "$@" 2>/dev/null)
    fi
    [[ -f ${dracutsysrootdir-}/etc/fstab ]] || return 1
    while read -r line; do
        [[ -n $line && $line != autofs ]] && printf '%s' "$line" && return 0
    done < <(findmnt --fstab -e -v -n -o "$column" "$@" 2>/dev/null)
    return 1
}

__device() { if [[ $1 != /dev* && -b /dev/block/$1 ]]; then printf '/dev/block/%s' "$1"; else printf '%s' "$1"; fi; }

find_mp_fstype() { __findmnt FSTYPE --target "$1"; }
find_mp_fsopts() { __findmnt OPTIONS --target "$1"; }
find_dev_fstype() { __findmnt FSTYPE --source "$(__device "$1")"; }
find_dev_fsopts() { __findmnt OPTIONS --source "$(__device "$1")"; }

find_block_device() {
    local source number
    source=$(__findmnt SOURCE --target "$1") || return 1
    if [[ -b $source ]]; then
        number=$(__findmnt MAJ:MIN --target "$1")
        [[ $number && $number != 0:* ]] || number=$(get_maj_min "$source")
        printf '%s\n' "${number:-$source}"
        return 0
    fi
    [[ $source == *:* ]] && printf '%s\n' "$source"
}

find_root_block_device() { find_block_device /; }

fs_get_option() {
    local word
    local -a words
    IFS=, read -r -a words <<<"$1"
    for word in "${words[@]}"; do
        if [[ $word == "$2="* ]]; then
            printf '%s\n' "${word#"$2="}"
            return
        fi
    done
}

push_host_devs() {
    local device
    for device in "$@"; do
        [[ " ${host_devs[*]} ${user_devs[*]} " == *" $device "* ]] || host_devs+=("$device")
    done
}

# host_fs_all: the types of all file systems of the machine's devices.
host_fs_all() { printf '%s\n' "${host_fs_types[@]}"; }

for_each_host_dev_fs() {
    local device status=1
    ((${#host_fs_types[@]} > 0)) || return 2
    for device in "${!host_fs_types[@]}"; do
        "$1" "$device" "${host_fs_types[$device]}" && status=0
    done
    return $status
}

# The name of a volume of LVM, "" for another device.
__lvm_name() {
    local dm=/sys/dev/block/$1/dm
    [[ -f $dm/uuid && $(<"$dm/uuid") == LVM-* ]] && printf '%s' "$(<"$dm/name")"
}

get_lvm_dm_dev() { [[ -n $(__lvm_name "$1") ]] && printf '/sys/dev/block/%s/dm' "$1"; }

# Layers of a volume that nobody sees have no link /dev/VG/LV.
lvm_internal_dev() {
    local name vg lv layer
    name=$(__lvm_name "$1") || return 1
    IFS=: read -r vg lv layer < <(dmsetup splitname --noheadings --separator : -o vg_name,lv_name,lv_layer "$name" 2>/dev/null)
    [[ -z $vg || -z $lv || -n $layer || ! -L /dev/$vg/$lv ]]
}

# The devices below one: what it is a partition of, what it is made of, all physical volumes of its group.
__below() {
    local number=$1 name vg device dir
    if name=$(__lvm_name "$number"); then
        vg=$(trim "$(dmsetup splitname --noheadings -o vg_name "$name" 2>/dev/null)")
        for device in ${vg:+$(lvm vgs --noheadings -o pv_name "$vg" 2>/dev/null)}; do
            get_maj_min "$device" && printf '\n'
        done
    fi
    for dir in "/sys/dev/block/$number"/.. "/sys/dev/block/$number"/slaves/*; do
        [[ -f $dir/dev && $dir/subsystem -ef /sys/class/block ]] && printf '%s\n' "$(<"$dir/dev")"
    done
}

# check_block_and_slaves FUNCTION MAJOR:MINOR: true as soon as FUNCTION says so of the device or one below it.
check_block_and_slaves() {
    local below
    [[ -b /dev/block/$2 ]] || return 1
    lvm_internal_dev "$2" || { "$1" "$2" && return 0; }
    for below in $(__below "$2"); do
        check_block_and_slaves "$1" "$below" && return 0
    done
    return 1
}

# The same for all of them: nothing is left out.
check_block_and_slaves_all() {
    local below status=1
    [[ -b /dev/block/$2 ]] || return 1
    lvm_internal_dev "$2" || { "$1" "$2" && status=0; }
    for below in $(__below "$2"); do
        check_block_and_slaves_all "$1" "$below" && status=0
    done
    return $status
}

check_vol_slaves() {
    local below
    [[ -n $(__lvm_name "$2") ]] || return 1
    for below in $(__below "$2"); do
        check_block_and_slaves "$1" "$below" && return 0
    done
    return 1
}

check_vol_slaves_all() {
    local below status=1
    [[ -n $(__lvm_name "$2") ]] || return 1
    for below in $(__below "$2"); do
        check_block_and_slaves_all "$1" "$below" && status=0
    done
    return $status
}

for_each_host_dev_and_slaves() {
    local device
    ((${#host_devs[@]} + ${#user_devs[@]} > 0)) || return 2
    for device in "${host_devs[@]}" "${user_devs[@]}"; do
        [[ -b $device ]] && check_block_and_slaves "$1" "$(get_maj_min "$device")" && return 0
    done
    return 1
}

for_each_host_dev_and_slaves_all() {
    local device status=1
    ((${#host_devs[@]} + ${#user_devs[@]} > 0)) || return 2
    for device in "${host_devs[@]}" "${user_devs[@]}"; do
        [[ -b $device ]] && check_block_and_slaves_all "$1" "$(get_maj_min "$device")" && status=0
    done
    return $status
}

btrfs_devs() {
    local word
    while read -r word _; do
        [[ $word != /* ]] || printf '%s\n' "${word%,}"
    done < <(btrfs device usage "$1")
}

zfs_devs() {
    local word
    while IFS=$'\t' read -r _ word _; do
        [[ $word != /* ]] || realpath "$word"
    done < <(zpool list -H -v -P "${1%%/*}")
}
