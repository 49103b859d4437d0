# Modules of the kernel.

# instmods [-c] [-s] WORD...: without words those of standard input. Missing ones are no failure unless -c is given.
instmods() {
    local optional=-o silent=""
    local -a words
    [[ ${no_kernel-} != yes ]] || return 0
    if [[ $1 == -c ]]; then
        optional=""
        shift
    fi
    if [[ $1 == -s ]]; then
        silent=--silent
        shift
    fi
    words=("$@")
    (($# > 0)) || read -r -d '' -a words
    ((${#words[@]} > 0)) || return 0
    __install raw ${hostonly:+-H} ${omit_drivers:+-N "$omit_drivers"} $optional $silent -m "${words[@]}" || [[ $optional ]]
}

dracut_instmods() {
    [[ ${no_kernel-} != yes ]] || return 0
    __install raw ${hostonly:+-H} ${omit_drivers:+-N "$omit_drivers"} -m "$@"
}

check_kernel_module() {
    local __answer
    __ask module "$1"
}

require_kernel_modules() {
    local name
    [[ ${no_kernel-} != yes ]] || return 0
    [[ $1 != -m ]] || shift 2
    for name in "$@"; do
        check_kernel_module "$name" && continue
        dinfo "the kernel module $name is missing"
        return 1
    done
}

# check_kernel_config OPTION: also true where nobody knows.
check_kernel_config() {
    local file root=${dracutsysrootdir-}
    [[ ${no_kernel-} != yes ]] || return 0
    for file in "$srcmods"/{config,build/.config,source/.config} "$root/usr/src/linux-$kernel/.config" "$root/boot/config-$kernel"; do
        [[ -f $file ]] || continue
        grep -q "^$1=" "$file"
        return
    done
    return 0
}

get_module_name() {
    local name
    while read -r name; do
        modinfo -k "$kernel" -F name "$name" 2>/dev/null || printf '%s\n' "$name"
    done
}

# get_dev_module DEVICE: the drivers of a device and of those above it; of what it is made of also.
get_dev_module() {
    local path
    path=$(udevadm info -q path "$1" 2>/dev/null) || return 1
    local -a ways=("/sys$path")
    local link
    for link in "/sys$path"/slaves/* "/sys$path"/device/*; do
        [[ -L $link && ${link##*/} != subsystem ]] && ways+=("$(realpath "$link")")
    done
    for link in "${ways[@]}"; do
        while [[ $link == /sys/devices/* ]]; do
            [[ -L $link/driver/module ]] && basename "$(realpath "$link/driver/module")"
            link=${link%/*}
        done
    done | sort -u
}

get_blockdev_drv_through_sys() {
    local path list=""
    path=$(realpath "$1")
    while [[ $path == /sys/devices/* ]]; do
        [[ ! -L $path/driver/module ]] || list+=" $(basename "$(realpath "$path/driver/module")")"
        path=${path%/*}
    done
    printf '%s\n' "$list"
}
