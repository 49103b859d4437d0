# What goes into the image. The words of dracut-install(1) are read by the builder; the kinds of calls differ in what is done about
# a target that is there, and about a source that is not.

__install() {
    local __place __answer __status
    __where
    __ask install "$__place" "${dstdir:-$initdir}" "$@"
    __status=$?
    [[ -z $__answer ]] || printf '%s\n' "$__answer"
    return "$__status"
}

# What modules call by $DRACUT_INSTALL: all of dracut-install's words.
__dracut_install() { __install raw "$@"; }

inst_dir() { __install dir "$@"; }
inst() { __install one "$@"; }
inst_simple() { __install simple "$@"; }
inst_symlink() { __install link -l "$@"; }
inst_library() { __install simple -l "$@"; }
inst_binary() { __install one "$@"; }
inst_script() { __install one "$@"; }
inst_multiple() { __install all "$@"; }
dracut_install() { __install all "$@"; }
inst_fsck_help() { __install one "$2" "/run/dracut/fsck/fsck_help_$1.txt"; }

# inst_any [-d TARGET] FILE...: the first that is there.
inst_any() {
    local to="" file
    if [[ $1 == -d ]]; then
        to=$2
        shift 2
    fi
    for file in "$@"; do
        [[ -e ${dracutsysrootdir-}$file ]] && inst "$file" ${to:+"$to"} && return 0
    done
    return 1
}

# inst_hook STAGE PRIORITY FILE
inst_hook() {
    local stage
    if [[ ! -f $3 ]]; then
        dfatal "inst_hook: $3 is no file"
        exit 1
    fi
    for stage in $hookdirs; do
        if [[ $stage == "$1" ]]; then
            __install hook "$3" "/var/lib/dracut/hooks/$1/$2-${3##*/}"
            return
        fi
    done
    dfatal "inst_hook: $1 is no stage: $hookdirs"
    exit 1
}

# inst_libdir_dir PATTERN...; inst_libdir_file [-n REGEX] PATTERN...: what lies in the folders of libraries.
inst_libdir_dir() {
    local dir pattern found
    for dir in $libdirs; do
        for pattern in "$@"; do
            for found in "${dracutsysrootdir-}$dir"/$pattern; do
                [[ ! -d $found ]] || inst_dir "${found#"${dracutsysrootdir-}"}"
            done
        done
    done
}

inst_libdir_file() {
    local dir pattern found regex=""
    local -a list=()
    while [[ $1 == -[no] ]]; do
        if [[ $1 == -n ]]; then
            regex=$2
            shift
        fi
        shift
    done
    for dir in $libdirs; do
        for pattern in "$@"; do
            for found in "${dracutsysrootdir-}$dir"/$pattern; do
                [[ -e $found ]] || continue
                found=${found#"${dracutsysrootdir-}"}
                # shellcheck disable=SC2076
                [[ -n $regex && ! $found =~ $regex ]] || list+=("$found")
            done
        done
    done
    ((${#list[@]} > 0)) && inst_multiple "${list[@]}"
}

# inst_decompress FILE...: unpacked, under the name without its suffix.
inst_decompress() {
    local file unpack
    for file in "$@"; do
        unpack=$(get_decompress_cmd "$file")
        [[ $unpack ]] || return 1
        inst_simple "$file" && $unpack "$initdir${file#"${dracutsysrootdir-}"}"
    done
}

inst_opt_decompress() {
    local file
    for file in "$@"; do
        inst_decompress "$file" || inst "$file"
    done
}

inst_sysusers() {
    inst_multiple -o "$sysusers/$*" "$sysusers/acct-*-$*"
    [[ -z ${hostonly-} ]] || inst_multiple -H -o "$sysusersconfdir/$*" "$sysusersconfdir/acct-*-$*"
}

ln_r() { ln -sfnr "$initdir/$1" "$initdir/$2"; }

rev_lib_symlinks() {
    local name=$1 true
    [[ $name == *.so.* ]] || return 1
    true=$(readlink -f "$1")
    while [[ $name != *.so ]]; do
        name=${name%.*}
        [[ -L $name && $(readlink -f "$name") == "$true" ]] && printf '%s ' "$name"
    done
}

mark_hostonly() {
    local file
    for file in "$@"; do
        printf '%s\n' "$file" >>"$initdir/lib/dracut/hostonly-files"
    done
}

dracut_need_initqueue() { : >"$initdir/lib/dracut/need-initqueue"; }
dracut_no_switch_root() { : >"$initdir/lib/dracut/no-switch-root"; }

# find_binary NAME: its path, that of a library by the folders of these.
find_binary() {
    local dir slash=/
    [[ $1 != /* ]] || slash=""
    if [[ $1 == *.so* ]]; then
        for dir in $libdirs ""; do
            if is_elf "${dracutsysrootdir-}$dir$slash$1"; then
                printf '%s\n' "$dir$slash$1"
                return 0
            fi
        done
    fi
    if [[ $1 == */* ]] && [[ -L ${dracutsysrootdir-}$slash$1 || -x ${dracutsysrootdir-}$slash$1 ]]; then
        printf '%s\n' "$slash$1"
        return 0
    fi
    while read -r -d : dir; do
        if [[ -L ${dracutsysrootdir-}$dir$slash$1 || -x ${dracutsysrootdir-}$dir$slash$1 ]]; then
            printf '%s\n' "$dir$slash$1"
            return 0
        fi
    done <<<"$PATH:"
    [[ -z ${dracutsysrootdir-} ]] && type -P "${1##*/}"
}

require_binaries() {
    local name
    [[ $1 != -m ]] || shift 2
    for name in "$@"; do
        find_binary "$name" >/dev/null && continue
        dinfo "the program $name is missing"
        return 1
    done
}

require_any_binary() {
    local name
    [[ $1 != -m ]] || shift 2
    for name in "$@"; do
        find_binary "$name" >/dev/null && return 0
    done
    dinfo "none of the programs $* is there"
    return 1
}

dracut_module_included() { [[ " $mods_to_load $modules_loaded " == *" $* "* ]]; }

dracut_module_path() {
    local __answer
    __ask path "$1" && printf '%s\n' "$__answer"
}

# module_check NAME [FORCED]: what the check of another module says.
module_check() {
    local path
    path=$(dracut_module_path "$1") || return 1
    (
        moddir=$path
        dinfo() { :; }
        [[ ${2:-0} == 0 ]] || hostonly=""
        check() { :; }
        # shellcheck disable=SC1091
        . "$moddir/module-setup.sh"
        # shellcheck disable=SC2086 # an empty word is none
        check $hostonly
    )
}

# check_module NAME: takes another module in with what it depends on, if it fits.
check_module() {
    local __answer
    __ask choose "$1"
}

# Libraries by the cache of ldconfig, but for those in the folders that every system has.
ldconfig_paths() { printf '%s\n' $__ldpaths; }

optional_hostonly() { [[ $hostonly_mode != strict ]] || printf '%s' "$hostonly"; }
