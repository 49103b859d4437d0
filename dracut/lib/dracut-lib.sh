# shellcheck shell=sh
# The functions that dracut's modules offer to hook scripts (dracut.modules(7)), for images without dracut's own: those of 059, 060
# and the newest release together. Each says what it does for its caller; docs/hook-library.md says what differs on purpose.
#
# It goes before getarg.sh. Needed are the shell's builtins, printf and [ ; other programs where a function says so. What begins with
# _pr_ is private.

if [ -z "${PREFIX-}" ]; then
    export DRACUT_SYSTEMD="${DRACUT_SYSTEMD-}" NEWROOT="${NEWROOT-/sysroot}"
fi
export hookdir="${hookdir:-/var/lib/dracut/hooks}"

# ---- text ----

# debug_off and debug_on: a trace of rd.debug leaves out what is between them.
debug_off() {
    { set +x; } 2> /dev/null
}

debug_on() {
    [ "${RD_DEBUG-}" != yes ] || set -x
}

# strstr TEXT PART: TEXT holds PART, literally.
strstr() {
    [ -n "$1" ] || return 1
    case $1 in *"$2"*) return 0 ;; esac
    return 1
}

# strglob TEXT PATTERN: all of TEXT, which is not empty, matches.
strglob() {
    [ -n "$1" ] || return 1
    # shellcheck disable=SC2254
    case $1 in $2) return 0 ;; esac
    return 1
}

# strglobin TEXT PATTERN: a part of TEXT, which is not empty, matches.
strglobin() {
    [ -n "$1" ] || return 1
    # shellcheck disable=SC2254
    case $1 in *$2*) return 0 ;; esac
    return 1
}

# str_starts TEXT START, str_ends TEXT END: an empty START or END is at no text.
str_starts() {
    [ -n "$2" ] || return 1
    case $1 in "$2"*) return 0 ;; esac
    return 1
}

str_ends() {
    [ -n "$2" ] || return 1
    case $1 in *"$2") return 0 ;; esac
    return 1
}

# trim WORDS: prints them without the blanks at both ends.
trim() {
    local _pr_out="$*"
    _pr_out=${_pr_out#"${_pr_out%%[![:space:]]*}"}
    command printf '%s' "${_pr_out%"${_pr_out##*[![:space:]]}"}"
}

# isdigit TEXT: decimal digits and nothing else.
isdigit() {
    case ${1-} in
        '' | *[!0123456789]*) return 1 ;;
    esac
    return 0
}

# escape TEXT: prints TEXT for the inside of single quotes of a script.
escape() {
    local _pr_in="${1-}" _pr_out=''
    while :; do
        case $_pr_in in
            *\'*)
                _pr_out=$_pr_out${_pr_in%%\'*}"'\\''"
                _pr_in=${_pr_in#*\'}
                ;;
            *) break ;;
        esac
    done
    command printf '%s' "$_pr_out$_pr_in"
}

# splitsep SEPARATOR TEXT NAME...: sets the variables to the fields of TEXT, the last one to all that remains. Names without a
# field keep their value.
splitsep() {
    local _pr_sep="$1" _pr_in="$2" _pr_field
    shift 2
    while [ -n "$_pr_in" ] && [ $# -gt 1 ]; do
        case $_pr_in in
            *"$_pr_sep"*)
                _pr_field=${_pr_in%%"$_pr_sep"*}
                _pr_in=${_pr_in#*"$_pr_sep"}
                ;;
            *) _pr_field=$_pr_in _pr_in='' ;;
        esac
        eval "$1=\$_pr_field"
        shift
    done
    if [ -n "$_pr_in" ] && [ $# -gt 0 ]; then
        eval "$1=\$_pr_in"
    fi
    return 0
}

# listlist SEPARATOR LIST PART [IGNORE]: every entry of PART is in LIST or in IGNORE.
listlist() {
    local _pr_rest="$3$1" _pr_entry
    [ -n "$3" ] && [ "$2" != "$3" ] || return 0
    while [ -n "$_pr_rest" ]; do
        _pr_entry=${_pr_rest%%"$1"*}
        _pr_rest=${_pr_rest#*"$1"}
        case $1$2$1${4-}$1 in
            *"$1$_pr_entry$1"*) ;;
            *) return 1 ;;
        esac
    done
    return 0
}

# are_lists_eq SEPARATOR A B [IGNORE]: A and B hold the same entries but for those in IGNORE.
are_lists_eq() {
    listlist "$1" "$2" "$3" "${4-}" && listlist "$1" "$3" "$2" "${4-}"
}

# getoptcomma LIST KEY (059, 060): prints the value of KEY in a comma list of options.
getoptcomma() {
    local _pr_rest=",$1,"
    case $_pr_rest in
        *",$2="*)
            _pr_rest=${_pr_rest#*",$2="}
            command printf '%s\n' "${_pr_rest%%,*}"
            ;;
        *",$2,"*) ;;
        *) return 1 ;;
    esac
    return 0
}

# check_occurances TEXT CHARACTER NUMBER (059, 060): TEXT holds CHARACTER so many times.
check_occurances() {
    local _pr_in="$1" _pr_n=0
    while [ -n "$2" ]; do
        case $_pr_in in
            *"$2"*) _pr_in=${_pr_in#*"$2"} _pr_n=$((_pr_n + 1)) ;;
            *) break ;;
        esac
    done
    [ "$_pr_n" -eq "$3" ]
}

# export_n NAME...: keeps the values, out of the environment.
export_n() {
    local _pr_n _pr_value
    for _pr_n in "$@"; do
        eval "_pr_value=\${$_pr_n-}"
        unset -v "$_pr_n"
        eval "$_pr_n=\$_pr_value"
    done
}

# incol2 FILE WORD: WORD is the second word of a line.
incol2() {
    local _pr_two _pr_rest
    [ -n "${1-}" ] && [ -n "${2-}" ] && [ -f "$1" ] || return 1
    while command read -r _pr_rest _pr_two _pr_rest || [ -n "$_pr_two" ]; do
        [ "$_pr_two" != "$2" ] || return 0
    done < "$1"
    return 1
}

# check_meminfo FIELD: prints the number of a field of /proc/meminfo ("MemFree:").
check_meminfo() {
    local _pr_key _pr_value _pr_rest
    [ -r /proc/meminfo ] || return 1
    while command read -r _pr_key _pr_value _pr_rest; do
        if [ "$_pr_key" = "$1" ]; then
            command printf '%s\n' "$_pr_value"
            return 0
        fi
    done < /proc/meminfo
    return 1
}

# get_user: prints who this is.
get_user() {
    local _pr_name
    _pr_name=$(id -un 2> /dev/null) || _pr_name=
    ! isdigit "${_pr_name:-0}" || _pr_name=root
    command printf '%s\n' "$_pr_name"
}

# ---- messages ----

# _pr_kmsg LEVEL LINE...: records of the kernel's log.
_pr_kmsg() {
    local _pr_level="$1"
    shift
    [ -z "${DRACUT_SYSTEMD-}" ] && [ -w /dev/kmsg ] || return 0
    while [ $# -gt 0 ]; do
        command printf '<%s>%s\n' "$_pr_level" "$1" || :
        shift
    done 2> /dev/null > /dev/kmsg || :
}

# warn TEXT, info TEXT: a line in the kernel's log and on standard error.
warn() {
    _pr_kmsg 28 "dracut Warning: $*"
    command printf 'dracut Warning: %s\n' "$*" >&2
}

info() {
    check_quiet
    _pr_kmsg 30 "dracut: $*"
    [ "${DRACUT_QUIET-}" = yes ] || command printf 'dracut: %s\n' "$*" >&2
}

# vwarn, vinfo: the same for each line of standard input.
vwarn() {
    local _pr_line
    while command read -r _pr_line || [ -n "$_pr_line" ]; do
        warn "$_pr_line"
    done
}

vinfo() {
    local _pr_line
    while command read -r _pr_line || [ -n "$_pr_line" ]; do
        info "$_pr_line"
    done
}

# check_quiet sets DRACUT_QUIET once: "no" if quiet is given but the words of rd.info or rd.debug are wanted all the same. At a
# loglevel= of 28 the console shows the kernel's log.
check_quiet() {
    [ -z "${DRACUT_QUIET-}" ] || return 0
    DRACUT_QUIET=yes
    if [ "$(getargnum 4 0 4294967295 loglevel)" -lt 28 ] && getarg quiet > /dev/null && { getargbool 0 rd.info -d -y rdinfo || getargbool 0 rd.debug -d -y rdinitdebug; }; then
        DRACUT_QUIET=no
    fi
    export DRACUT_QUIET
}

# setdebug sets RD_DEBUG once, and the trace with it.
setdebug() {
    if [ -z "${RD_DEBUG-}" ]; then
        [ -e /usr/lib/initrd-release ] || return 0
        RD_DEBUG=no
        ! getargbool 0 rd.debug -d -y rdinitdebug -d -y rdnetdebug || RD_DEBUG=yes
        export RD_DEBUG
    fi
    debug_on
}

# ---- hooks ----

# list_hooks STAGE [PATTERN]: prints the scripts of a stage, place by place; a name hides the same name in a later place.
list_hooks() {
    local _pr_dir _pr_file _pr_seen=/
    for _pr_dir in "$hookdir" /etc/dracut/hooks /usr/lib/dracut/hooks /lib/dracut/hooks; do
        # shellcheck disable=SC2231
        for _pr_file in "$_pr_dir/$1/"${2:-*.sh}; do
            [ -f "$_pr_file" ] || continue
            case $_pr_seen in
                *"/${_pr_file##*/}/"*) continue ;;
            esac
            _pr_seen=$_pr_seen${_pr_file##*/}/
            command printf '%s\n' "$_pr_file"
        done
    done
}

# source_hook STAGE ARGUMENTS: runs the scripts of a stage in this shell.
source_hook() {
    [ -n "${1-}" ] || return 0
    local _pr_hooks _pr_hook
    _pr_hooks=$(list_hooks "$1")
    shift
    while [ -n "$_pr_hooks" ]; do
        _pr_hook=${_pr_hooks%%"$_pr_nl"*}
        case $_pr_hooks in
            *"$_pr_nl"*) _pr_hooks=${_pr_hooks#*"$_pr_nl"} ;;
            *) _pr_hooks='' ;;
        esac
        # One that another has removed would end the shell.
        [ ! -f "$_pr_hook" ] || . "$_pr_hook" "$@" || :
    done
    return 0
}

# source_all DIRECTORY ARGUMENTS (059, 060): runs /DIRECTORY/*.sh in this shell.
source_all() {
    local _pr_dir="${1-}" _pr_file
    [ -n "$_pr_dir" ] && [ -d "/$_pr_dir" ] || return 0
    shift
    for _pr_file in "/$_pr_dir"/*.sh; do
        [ ! -e "$_pr_file" ] || . "$_pr_file" "$@" || :
    done
    return 0
}

# source_conf DIRECTORY: runs /DIRECTORY/*.conf in this shell.
source_conf() {
    local _pr_file
    [ -n "${1-}" ] && [ -d "/$1" ] || return 0
    for _pr_file in "/$1"/*.conf; do
        [ ! -e "$_pr_file" ] || . "$_pr_file" || :
    done
    return 0
}

# check_finished: every script of initqueue/finished says yes; what said yes is removed.
check_finished() {
    local _pr_hooks _pr_hook _pr_all=0
    _pr_hooks=$(list_hooks initqueue/finished)
    while [ -n "$_pr_hooks" ]; do
        _pr_hook=${_pr_hooks%%"$_pr_nl"*}
        case $_pr_hooks in
            *"$_pr_nl"*) _pr_hooks=${_pr_hooks#*"$_pr_nl"} ;;
            *) _pr_hooks='' ;;
        esac
        [ -f "$_pr_hook" ] || continue
        if (. "$_pr_hook"); then
            rm -f -- "$_pr_hook"
        else
            _pr_all=1
        fi
    done
    return "$_pr_all"
}

# inst_hook [--hook STAGE] [--unique] [--name NAME] PROGRAM ARGUMENTS: a script that runs one command. A variable "onetime" of the
# caller makes it remove itself. The arguments are shell text, as in /sbin/initqueue.
inst_hook() {
    local _pr_stage='' _pr_unique='' _pr_name='' _pr_exe
    while [ $# -gt 0 ]; do
        case $1 in
            --hook) _pr_stage=/${2-} && shift ;;
            --unique) _pr_unique=1 ;;
            --name) _pr_name=${2-} && shift ;;
            *) break ;;
        esac
        [ $# -eq 0 ] || shift
    done
    if ! _pr_exe=$(command -v "${1-}"); then
        warn "inst_hook: no command '${1-}'"
        return 1
    fi
    shift
    [ -z "$_pr_unique" ] || [ -n "$_pr_name" ] || _pr_name=${_pr_exe##*/}
    [ -n "$_pr_unique" ] || _pr_name=$_pr_name$$
    {
        # shellcheck disable=SC2016
        [ -z "${onetime-}" ] || command printf '%s\n' '[ -e "${job-}" ] && rm -f -- "$job"'
        command printf '%s\n' "$_pr_exe $*"
    } > "/tmp/$$-$_pr_name.sh" && mv -f "/tmp/$$-$_pr_name.sh" "$hookdir$_pr_stage/$_pr_name.sh"
}

# inst_mount_hook POINT PRIORITY NAME PROGRAM ARGUMENTS (059, 060): a script in the folder mount-POINT.
inst_mount_hook() {
    local _pr_point="$1" _pr_number="$2" _pr_id="$3"
    shift 3
    [ -d "$hookdir/mount-$_pr_point" ] || mkdir -p "$hookdir/mount-$_pr_point" || return
    inst_hook --hook "mount-$_pr_point" --unique --name "$_pr_number-$_pr_id" "$@"
}

# wait_for_mount DIRECTORY (059, 060): the boot goes on to mount root when something is mounted there.
wait_for_mount() {
    local _pr_name
    _pr_name=$(str_replace "$1" / '\x2f')
    command printf '. /lib/dracut-lib.sh\nismounted "%s"\n' "$(_pr_double "$1")" > "$hookdir/initqueue/finished/ismounted-$_pr_name.sh" || return
    command printf 'ismounted "%s" || warn "\\"%s\\" is not mounted"\n' "$(_pr_double "$1")" "$(_pr_double "$1")" \
        > "$hookdir/emergency/90-$_pr_name.sh"
}

# ---- devices and file systems ----

# _pr_have PROGRAM FUNCTION: it is there; else one line says what does not work.
_pr_have() {
    command -v "$1" > /dev/null && return 0
    warn "$2: this image has no $1"
    return 1
}

# udevsettle: waits until udev is idle, a job is queued, or the loop has another reason to look.
udevsettle() {
    _pr_have udevadm udevsettle || return 0
    # shellcheck disable=SC2086
    udevadm settle --exit-if-exists="$hookdir/initqueue/work" ${settle_exit_if_exists-}
}

# udevproperty NAME=VALUE...: global properties of udev.
udevproperty() {
    local _pr_p
    _pr_have udevadm udevproperty || return 0
    for _pr_p in "$@"; do
        udevadm control --property="$_pr_p"
    done
}

_resolve_path() {
    [ -e "$1" ] || return 1
    readlink -f "$1"
}

# find_mount DEVICE: prints the device as it is mounted.
find_mount() {
    local _pr_dev _pr_other _pr_rest
    _pr_dev=$(_resolve_path "$1") || _pr_dev=$1
    while command read -r _pr_other _pr_rest; do
        case $_pr_other in
            "$_pr_dev" | "$1") ;;
            /*) [ -L "$_pr_other" ] && [ "$(_resolve_path "$_pr_other")" = "$_pr_dev" ] || continue ;;
            *) continue ;;
        esac
        command printf '%s\n' "$_pr_other"
        return 0
    done < /proc/mounts
    return 1
}

# ismounted PATH | DEVICE
ismounted() {
    local _pr_want _pr_at _pr_rest
    if [ -b "$1" ]; then
        find_mount "$1" > /dev/null
        return
    fi
    _pr_want=${1%/}
    _pr_want=$(str_replace "${_pr_want:-/}" \\ '\134')
    _pr_want=$(str_replace "$_pr_want" ' ' '\040')
    _pr_want=$(str_replace "$_pr_want" '	' '\011')
    _pr_want=$(str_replace "$_pr_want" "$_pr_nl" '\012')
    while command read -r _pr_rest _pr_at _pr_rest; do
        [ "$_pr_at" != "$_pr_want" ] || return 0
    done < /proc/mounts
    return 1
}

# udevmatch UUID=... | LABEL=... | PARTUUID=... | PARTLABEL=... | /dev/...: prints a match for a rule of udev; 255 for anything else.
udevmatch() {
    local _pr_key _pr_star='*'
    case ${1-} in
        UUID=????????-????-????-????-???????????? | LABEL=* | PARTLABEL=*) _pr_star='' ;;
        PARTUUID=????????-????-????-????-????????????) _pr_star='' ;;
    esac
    case ${1-} in
        UUID=* | LABEL=*) _pr_key=ID_FS_${1%%=*} ;;
        PARTUUID=* | PARTLABEL=*) _pr_key=ID_${1%%=*} && _pr_key=ID_FS_${_pr_key#ID_} ;;
        /dev/?*)
            command printf 'KERNEL=="%s"' "${1#/dev/}"
            return 0
            ;;
        *) return 255 ;;
    esac
    command printf 'ENV{%s}=="%s"' "$_pr_key" "${1#*=}$_pr_star"
}

# label_uuid_to_dev WHAT: prints the link below /dev/disk of LABEL=, PARTLABEL=, UUID= and PARTUUID=, anything else unchanged.
label_uuid_to_dev() {
    local _pr_name="${1#*=}"
    case $1 in
        LABEL=* | PARTLABEL=*)
            _pr_name=$(str_replace "$_pr_name" / '\x2f')
            _pr_name=$(str_replace "$_pr_name" ' ' '\x20')
            ;;
    esac
    case $1 in
        LABEL=*) command printf '/dev/disk/by-label/%s\n' "$_pr_name" ;;
        PARTLABEL=*) command printf '/dev/disk/by-partlabel/%s\n' "$_pr_name" ;;
        UUID=*) command printf '/dev/disk/by-uuid/%s\n' "$_pr_name" ;;
        PARTUUID=*) command printf '/dev/disk/by-partuuid/%s\n' "$_pr_name" ;;
        *) command printf '%s\n' "$1" ;;
    esac
}

# foreach_uuid_until [-p PREFIX] COMMAND UUID...: evaluates COMMAND with the variable ___ set to PREFIX and each UUID in full, until
# it succeeds. What is given is the beginning of names below /dev/disk/by-uuid.
foreach_uuid_until() {
    local _pr_prefix='' _pr_command _pr_uuid _pr_link ___
    if [ "$1" = -p ]; then
        _pr_prefix=$2
        shift 2
    fi
    _pr_command=$1
    shift
    for _pr_uuid in "$@"; do
        for _pr_link in "/dev/disk/by-uuid/$_pr_uuid"*; do
            [ -e "$_pr_link" ] || continue
            ___=$_pr_prefix${_pr_link##*/}
            ! eval "$_pr_command" || return 0
        done
    done
    return 1
}

# devnames WHAT: prints the devices that LABEL=, UUID=, ... or a path means; 255 if there is none.
devnames() {
    local _pr_link _pr_any=255
    case ${1-} in
        UUID=?*)
            for _pr_link in "/dev/disk/by-uuid/${1#UUID=}"*; do
                _resolve_path "$_pr_link" && _pr_any=0
            done
            return "$_pr_any"
            ;;
        LABEL=?* | PARTUUID=?* | PARTLABEL=?*) _pr_link=$(label_uuid_to_dev "$1") ;;
        /*) _pr_link=$1 ;;
        *) return 255 ;;
    esac
    _resolve_path "$_pr_link" || return 255
}

# funiq DIRECTORY PREFIX: prints the first name there, with a number, that is free. mkuniqdir makes it a directory.
funiq() {
    local _pr_n=0
    while [ -e "$1/$2$_pr_n" ] || [ -L "$1/$2$_pr_n" ]; do
        _pr_n=$((_pr_n + 1))
    done
    command printf '%s\n' "$1/$2$_pr_n"
}

mkuniqdir() {
    local _pr_dir _pr_n=0
    [ -d "$1" ] || mkdir -m 0755 -p "$1" || return 1
    while [ "$_pr_n" -lt 100 ]; do
        _pr_dir=$(funiq "$1" "$2")
        # Somebody else may have been faster.
        if mkdir -m 0755 "$_pr_dir" 2> /dev/null; then
            command printf '%s\n' "$_pr_dir"
            return 0
        fi
        _pr_n=$((_pr_n + 1))
    done
    return 1
}

# copytree SOURCE TARGET: copies what is in SOURCE into TARGET, which keeps what it has.
copytree() {
    [ -d "$1" ] || return 1
    mkdir -p "$2" && cp -a "$1/." "$2/"
}

# usable_root DIRECTORY
usable_root() {
    [ -d "$1" ]
}

# load_fstype MODULE [NAME]: loads MODULE unless the kernel knows the file system.
load_fstype() {
    local _pr_a _pr_b
    if [ -r /proc/filesystems ]; then
        while command read -r _pr_a _pr_b; do
            [ "${_pr_b:-$_pr_a}" != "${2:-$1}" ] || return 0
        done < /proc/filesystems
    fi
    _pr_have modprobe load_fstype || return 1
    modprobe "$1"
}

# check_live_ram MB (060): an emergency shell if a copy of this size leaves less than rd.minmem=.
check_live_ram() {
    local _pr_least _pr_total
    _pr_least=$(getargnum 1024 0 4294967295 rd.minmem)
    _pr_total=$(check_meminfo MemTotal:) || return 0
    [ $((_pr_total / 1024 - ${1:-0})) -lt "$_pr_least" ] || return 0
    warn "The image needs ${1:-0} MB of memory, and rd.minmem=$_pr_least MB are to stay free; this machine has $((_pr_total / 1024)) MB."
    emergency_shell "Not enough memory for the image."
}

# ---- processes ----

# _pr_uses PID PATH: the process has something below PATH open, or runs there.
_pr_uses() {
    local _pr_link _pr_at
    for _pr_link in "/proc/$1/cwd" "/proc/$1/root" "/proc/$1/exe" "/proc/$1/fd/"*; do
        _pr_at=$(readlink "$_pr_link" 2> /dev/null) || continue
        case $_pr_at in
            "$2" | "$2"/*) return 0 ;;
        esac
    done
    return 1
}

# _pr_spared PID: this shell, PID 1, and who says with @ that it lives on.
_pr_spared() {
    local _pr_name=''
    case $1 in 1 | $$) return 0 ;; esac
    command read -r _pr_name 2> /dev/null < "/proc/$1/cmdline" || :
    case $_pr_name in @*) return 0 ;; esac
    return 1
}

# killall_proc_mountpoint PATH: ends who uses PATH; 1 if there was anybody.
killall_proc_mountpoint() {
    local _pr_p _pr_killed=0
    _pr_have readlink killall_proc_mountpoint || return 0
    for _pr_p in /proc/[0-9]*; do
        _pr_p=${_pr_p#/proc/}
        if ! _pr_spared "$_pr_p" && _pr_uses "$_pr_p" "${1%/}"; then
            kill -9 "$_pr_p" 2> /dev/null || :
            _pr_killed=1
        fi
    done
    return "$_pr_killed"
}

# killproc NAME [SIGNAL]: the processes of that program. The name has to fit too: all of busybox is one program.
killproc() {
    local _pr_exe _pr_p _pr_name
    _pr_have readlink killproc || return 1
    _pr_exe=$(command -v "$1") || return 1
    # An applet inside of the shell has no path.
    case $_pr_exe in
        /*) ;;
        *) _pr_exe=/proc/$$/exe ;;
    esac
    _pr_exe=$(_resolve_path "$_pr_exe") || return 1
    for _pr_p in /proc/[0-9]*; do
        _pr_p=${_pr_p#/proc/}
        _pr_name=
        command read -r _pr_name 2> /dev/null < "/proc/$_pr_p/comm" || continue
        # The kernel keeps 15 bytes of a name.
        case ${1##*/} in
            "$_pr_name" | ???????????????*) str_starts "${1##*/}" "$_pr_name" || continue ;;
            *) continue ;;
        esac
        if ! _pr_spared "$_pr_p" && [ "$(readlink "/proc/$_pr_p/exe" 2> /dev/null)" = "$_pr_exe" ]; then
            kill -s "${2:-TERM}" "$_pr_p" 2> /dev/null || kill "-${2:-TERM}" "$_pr_p" || :
        fi
    done
    return 0
}

# pidof NAME: prints the processes of that name, if no program does.
if ! command -v pidof > /dev/null; then
    pidof() {
        local _pr_p _pr_name _pr_list=''
        for _pr_p in /proc/[0-9]*; do
            _pr_name=
            command read -r _pr_name 2> /dev/null < "$_pr_p/comm" || continue
            [ "$_pr_name" != "${1##*/}" ] || _pr_list="$_pr_list ${_pr_p#/proc/}"
        done
        [ -n "$_pr_list" ] || return 1
        command printf '%s\n' "${_pr_list# }"
    }
fi

# need_shutdown: the image is to be there again when the system goes down.
need_shutdown() {
    : > /run/initramfs/.need_shutdown
}

# wait_for_loginit: the log of rd.debug ends, within a second.
wait_for_loginit() {
    local _pr_n=0 _pr_pid=''
    [ "${RD_DEBUG-}" = yes ] && [ -p /run/initramfs/loginit.pipe ] || return 0
    set +x
    command printf 'DRACUT_LOG_END\n'
    exec 0<> /dev/console 1<> /dev/console 2<> /dev/console
    while [ -p /run/initramfs/loginit.pipe ] && [ "$_pr_n" -lt 10 ]; do
        sleep 0.1 || break
        _pr_n=$((_pr_n + 1))
    done
    [ ! -e /run/initramfs/loginit.pid ] || command read -r _pr_pid < /run/initramfs/loginit.pid || :
    if [ -p /run/initramfs/loginit.pipe ] && isdigit "$_pr_pid"; then
        kill "$_pr_pid" 2> /dev/null || :
    fi
    return 0
}

# remove_hostonly_files: what rd.hostonly=0 takes away; words typed at rd.cmdline=ask stay.
remove_hostonly_files() {
    local _pr_f
    rm -f -- /etc/cmdline
    for _pr_f in /etc/cmdline.d/*.conf; do
        [ "${_pr_f##*/}" = 99-cmdline-ask.conf ] || rm -f -- "$_pr_f"
    done
    rm -f -- "$hookdir"/initqueue/finished/*.sh
    [ -f /lib/dracut/hostonly-files ] || return 0
    while command read -r _pr_f || [ -n "$_pr_f" ]; do
        [ -z "$_pr_f" ] || rm -f -- "$_pr_f"
    done < /lib/dracut/hostonly-files
}

# ---- memory, for rd.memdebug ----

# setmemdebug sets DEBUG_MEM_LEVEL once.
setmemdebug() {
    [ -z "${DEBUG_MEM_LEVEL-}" ] || return 0
    DEBUG_MEM_LEVEL=$(getargnum 0 0 5 rd.memdebug)
    export DEBUG_MEM_LEVEL
}

# show_memstats shortmem | mem | slab | iomem: prints what the kernel says.
show_memstats() {
    local _pr_line
    case ${1-} in
        shortmem)
            [ -r /proc/meminfo ] || return 1
            while command read -r _pr_line; do
                case $_pr_line in MemFree:* | Cached:* | Slab:*) command printf '%s\n' "$_pr_line" ;; esac
            done < /proc/meminfo
            ;;
        mem) cat /proc/meminfo ;;
        slab) cat /proc/slabinfo ;;
        iomem) cat /proc/iomem ;;
        *) return 0 ;;
    esac
}

# make_trace_mem TITLE LEVEL:KIND...: shows the kinds of the highest level that DEBUG_MEM_LEVEL allows; LEVEL+ adds to the ones below.
make_trace_mem() {
    local _pr_title="${1-}" _pr_kinds='' _pr_level
    isdigit "${DEBUG_MEM_LEVEL-}" && [ "$DEBUG_MEM_LEVEL" -gt 0 ] || return 0
    [ $# -eq 0 ] || shift
    while [ $# -gt 0 ]; do
        _pr_level=${1%%:*}
        if isdigit "${_pr_level%+}" && [ "${_pr_level%+}" -le "$DEBUG_MEM_LEVEL" ]; then
            case $_pr_level in
                *+) _pr_kinds="$_pr_kinds ${1#*:}" ;;
                *) _pr_kinds=${1#*:} ;;
            esac
        fi
        shift
    done
    [ -n "$_pr_kinds" ] || return 0
    command printf '%s\n' "$_pr_title"
    for _pr_level in $_pr_kinds; do
        show_memstats "$_pr_level"
    done
} >&2

# ---- the end ----

# die TEXT: the boot cannot go on. The text comes again in the emergency shell.
die() {
    _pr_kmsg 24 "dracut: FATAL: $*" "dracut: Refusing to continue"
    printf "warn dracut: FATAL: '%s'\nwarn dracut: Refusing to continue\n" "$(escape "$*")" >> "$hookdir/emergency/01-die.sh" || :
    : > /run/initramfs/.die || :
    if getargbool 0 rd.shell -d -y rdshell; then
        emergency_shell
    else
        source_hook shutdown-emergency
    fi
    exit 1
}

# emergency_shell [-n NAME | --shutdown NAME] TEXT: a shell where one is allowed, then the action of rd.emergency=.
emergency_shell() {
    local _pr_name=dracut _pr_stage=emergency _pr_action
    set +e
    case ${1-} in
        -n) _pr_name=$2 && shift 2 ;;
        --shutdown) _pr_stage=shutdown-emergency _pr_name=$2 && shift 2 ;;
    esac
    command printf '\n\n' >&2
    [ -z "$*" ] || warn "$*"
    _pr_action=$(getarg rd.emergency)
    [ -n "$_pr_action" ] || [ ! -e /run/initramfs/.die ] || _pr_action=poweroff
    if getargbool 1 rd.shell -d -y rdshell || getarg rd.break -d rdbreak > /dev/null; then
        _emergency_shell "$_pr_name" "$_pr_stage"
    else
        source_hook "$_pr_stage"
        warn "No shell: rd.shell=0. Boot with rd.shell rd.debug to see more."
        _pr_action=${_pr_action:-poweroff}
    fi
    case $_pr_action in
        reboot | poweroff | halt) "$_pr_action" -f || warn "$_pr_action does not work" ;;
    esac
    return 0
}

# _emergency_shell NAME [STAGE]: runs the hooks of STAGE, writes the report, and waits for a shell on the console.
_emergency_shell() {
    local _pr_tty
    debug_off
    source_hook "${2:-emergency}"
    [ ! -x /sbin/rdsosreport ] || /sbin/rdsosreport
    command printf '\nThis is the emergency shell of the initramfs; "exit" leaves it. "dmesg" and /run/initramfs/rdsosreport.txt tell more.\n\n' >&2
    _pr_tty=$(_pr_console)
    export PS1="${1:-dracut}:\${PWD}# "
    [ -e /.profile ] || : > /.profile
    if command -v setsid > /dev/null; then
        # setsid of util-linux gives the terminal with --ctty, that of busybox with -c; some have neither.
        if setsid --help 2>&1 | while command read -r _pr_line; do case $_pr_line in *--ctty*) exit 9 ;; esac; done; then
            setsid -c /bin/sh -i -l 0<> "$_pr_tty" 1<> "$_pr_tty" 2<> "$_pr_tty"
        else
            setsid --ctty /bin/sh -i -l 0<> "$_pr_tty" 1<> "$_pr_tty" 2<> "$_pr_tty"
        fi
    else
        warn "emergency_shell: this image has no setsid, so Ctrl-C does not work"
        /bin/sh -i -l 0<> "$_pr_tty" 1<> "$_pr_tty" 2<> "$_pr_tty"
    fi || :
    debug_on
}

# _pr_console: prints the terminal for the shell: rd.ctty=, else the last active console, else tty1.
_pr_console() {
    local _pr_tty _pr_list
    _pr_tty=$(getarg rd.ctty)
    _pr_tty=${_pr_tty##*/}
    if [ -z "$_pr_tty" ]; then
        _pr_tty=console
        while [ -f "/sys/class/tty/$_pr_tty/active" ] && command read -r _pr_list < "/sys/class/tty/$_pr_tty/active" && [ -n "$_pr_list" ]; do
            _pr_tty=${_pr_list##* }
        done
    fi
    [ -c "/dev/$_pr_tty" ] && [ "$_pr_tty" != console ] || _pr_tty=tty1
    [ -c "/dev/$_pr_tty" ] || _pr_tty=console
    command printf '/dev/%s\n' "$_pr_tty"
}
