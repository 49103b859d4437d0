# Questions to the builder, which alone decides what goes into the image. A question is a record of words, each ended by NUL: their
# number, and the words (descriptor 3). The answer is a status and a text (4). Subshells and the ends of a pipe take turns: who asks takes
# the one byte out of a pipe, and puts it back when it has its answer (5 and 6).

# __ask WORD...: __answer is the text, the status is the builder's.
__ask() {
    local __status
    IFS= read -r -N 1 -u 5 __status || builtin exit 125
    printf '%s\0' "$#" "$@" >&3
    IFS= read -r -d '' -u 4 __status && IFS= read -r -d '' -u 4 __answer || builtin exit 125
    printf . >&6
    return "$__status"
}

# __where: the place in a module from which one of these functions was called, in __place.
__where() {
    local -i i
    __place=""
    for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
        if [[ ${BASH_SOURCE[i]} != "$__functions"/* ]]; then
            __place="${BASH_SOURCE[i]}:${BASH_LINENO[i - 1]}"
            return
        fi
    done
}

__log() {
    local __place __answer
    __where
    __ask log "$1" "$__place" "${*:2}"
}

dtrace() { :; }
ddebug() { :; }
dinfo() { __log info "$@"; }
dwarn() { __log warn "$@"; }
dwarning() { __log warn "$@"; }
derror() { __log error "$@"; }
dfatal() { __log fatal "$@"; }
dlog_init() { :; }
dlog() {
    case $1 in
        1) dfatal "${@:2}" ;;
        2) derror "${@:2}" ;;
        3) dwarn "${@:2}" ;;
        *) : ;;
    esac
}

# What is neither function nor program, with the place of the call.
command_not_found_handle() {
    local __place __answer
    __where
    __ask unknown "$__place" "$1"
    return 127
}

# The end of a module before its last line is noted with its place.
exit() {
    local __place __answer
    if ((BASH_SUBSHELL == 0)); then
        __where
        __ask exit "$__place" "${1:-$?}"
    fi
    builtin exit "$@"
}
