# shellcheck shell=sh
# getarg, getargs, getargbool and getargnum of dracut-lib.sh without a process: dracut.cmdline(7), dracut.modules(7).
#
# Each call reads the sources again with the builtin read, because a hook may have added a file, and cuts the text into words only
# if it is another one than last time. A call inside $(...) cannot keep what it learns; so preroot_cmdline, which does only that,
# runs when this file is sourced and is to be run before each hook.
#
# The words lie in _pr_words, each between two newlines. No word holds one: read takes the lines apart. What begins with _pr_
# belongs to this file.

_pr_nl='
'
_pr_tab='	'
_pr_cmdline=
_pr_words=$_pr_nl
_pr_blanks=' '

# preroot_cmdline: takes note of sources that have changed.
preroot_cmdline() {
    local _pr_x _pr_f
    _pr_enter
    _pr_sync
    _pr_leave 0
}

# getarg [-d] KEY | KEY=VALUE | -y KEY | -n KEY ...: the first that is there. Prints its value.
getarg() {
    local _pr_x _pr_f _pr_has _pr_value _pr_key _pr_want _pr_deprecated _pr_current _pr_status
    _pr_enter
    _pr_sync
    _pr_status=0
    _pr_getarg "$@" || _pr_status=1
    [ -z "$_pr_has" ] || command printf '%s\n' "$_pr_value"
    _pr_leave "$_pr_status"
}

# getargbool DEFAULT ARGS OF getarg: false for 0, no and off.
getargbool() {
    local _pr_x _pr_f _pr_has _pr_value _pr_key _pr_want _pr_deprecated _pr_current _pr_default
    _pr_enter
    _pr_sync
    _pr_default=${1-}
    [ $# -eq 0 ] || shift
    if ! _pr_getarg "$@" && [ -z "$_pr_value" ]; then
        _pr_value=$_pr_default
    fi
    case $_pr_value in
        0 | no | off) _pr_leave 1 ;;
        *) _pr_leave 0 ;;
    esac
}

# getargnum DEFAULT MIN MAX KEY: prints a decimal number; one that begins with 0 is octal.
getargnum() {
    local _pr_x _pr_f _pr_has _pr_value _pr_key _pr_want _pr_deprecated _pr_current _pr_number
    _pr_enter
    _pr_sync
    _pr_number=${1-}
    if _pr_getarg "${4-}" && _pr_num "$_pr_value" && [ "$_pr_value" -ge "$2" ] && [ "$_pr_value" -le "$3" ]; then
        _pr_number=$_pr_value
    fi
    command printf '%s\n' "$_pr_number"
    _pr_leave 0
}

# getargs [-d] KEY | KEY=VALUE ...: prints all values, one per line; a bare KEY prints itself.
getargs() {
    local _pr_x _pr_f _pr_has _pr_value _pr_key _pr_want _pr_deprecated _pr_current _pr_status _pr_first _pr_all _pr_arg
    _pr_enter
    _pr_sync
    _pr_first=${1-} _pr_deprecated='' _pr_status=1 _pr_all=''
    for _pr_arg in "$@"; do
        if [ "$_pr_arg" = -d ]; then
            _pr_deprecated=1
            continue
        fi
        if _pr_findall "$_pr_arg"; then
            _pr_status=0
            _pr_all=$_pr_all${_pr_value:+$_pr_value$_pr_nl}
            if [ -z "$_pr_deprecated" ]; then
                :
            elif [ -n "$_pr_first" ]; then
                warn "Option '$_pr_arg' is deprecated, use '$_pr_first' instead."
            else
                warn "Option $_pr_arg is deprecated!"
            fi
        fi
        _pr_deprecated=
    done
    command printf '%s' "$_pr_all"
    _pr_leave "$_pr_status"
}

# getcmdline: prints the text that is searched.
getcmdline() {
    local _pr_x _pr_f
    _pr_enter
    _pr_read
    command printf '%s' "$_pr_text"
    _pr_leave 0
}

# _pr_enter and _pr_leave STATUS put the shell's options out of the way and back: a trace of rd.debug would drown in our loops.
_pr_enter() {
    case $- in
        *x*) { _pr_x=1; set +x; } 2> /dev/null ;;
        *) _pr_x= ;;
    esac
    case $- in
        *f*) _pr_f=1 && set +f ;;
        *) _pr_f= ;;
    esac
}

_pr_leave() {
    [ -z "$_pr_f" ] || set -f
    [ -z "$_pr_x" ] || set -x
    return "$1"
}

# _pr_getarg: getarg with the answer in _pr_value; _pr_has tells whether there is something to print.
_pr_getarg() {
    _pr_deprecated='' _pr_current=''
    while [ $# -gt 0 ]; do
        case $1 in
            -d)
                _pr_deprecated=1
                shift
                continue
                ;;
            -y | -n)
                if [ $# -gt 1 ]; then
                    if _pr_find "$2"; then
                        _pr_switch "$1" "$2"
                        return
                    fi
                    _pr_deprecated=
                    shift 2
                    continue
                fi
                ;;
        esac
        [ -n "$_pr_current" ] || _pr_current=$1
        if _pr_find "$1"; then
            _pr_warn "$1" "$_pr_current"
            return 0
        fi
        _pr_deprecated=
        shift
    done
    _pr_has='' _pr_value=''
    return 1
}

# _pr_switch -y|-n KEY: KEY is there.
_pr_switch() {
    _pr_has=1
    if [ "$1" = -y ]; then
        _pr_value=1
        _pr_warn "$2" "$_pr_current"
        return 0
    fi
    _pr_value=0
    _pr_warn "$2" "${_pr_current:+$_pr_current=0}"
    return 1
}

_pr_warn() {
    if [ -z "$_pr_deprecated" ]; then
        return 0
    elif [ -n "$2" ]; then
        warn "Kernel command line option '$1' is deprecated, use '$2' instead."
    else
        warn "Option '$1' is deprecated."
    fi
}

# _pr_find KEY | KEY=VALUE: the last word with this key.
_pr_find() {
    _pr_has='' _pr_value=''
    _pr_parts "$1" || return 1
    local IFS="$_pr_nl"
    set -f
    for _pr_w in $_pr_words; do
        case $_pr_w in
            "$_pr_key") _pr_has='' _pr_value='' ;;
            "$_pr_key="*) _pr_has=1 _pr_value=${_pr_w#*=} ;;
        esac
    done
    set +f
    [ -n "$_pr_want" ] || return 0
    if [ -n "$_pr_has" ] && [ "$_pr_value" = "$_pr_want" ]; then
        _pr_has='' _pr_value=''
        return 0
    fi
    _pr_has='' _pr_value=''
    return 1
}

# _pr_findall KEY | KEY=VALUE: _pr_value is all their values, without empty lines at the end.
_pr_findall() {
    _pr_value=
    _pr_parts "$1" || return 1
    _pr_found='' _pr_gap=''
    local IFS="$_pr_nl"
    set -f
    for _pr_w in $_pr_words; do
        case $_pr_w in
            "$_pr_key") [ -z "$_pr_want" ] || continue ;;
            "$_pr_key="*)
                _pr_w=${_pr_w#*=}
                [ -z "$_pr_want" ] || [ "$_pr_w" = "$_pr_want" ] || continue
                ;;
            *) continue ;;
        esac
        if [ -n "$_pr_w" ]; then
            _pr_value=$_pr_value$_pr_gap$_pr_w
            _pr_gap=
        fi
        _pr_found=1 _pr_gap=$_pr_gap$_pr_nl
    done
    set +f
    [ -n "$_pr_found" ]
}

# _pr_parts KEY | KEY=VALUE: _pr_key and _pr_want; fails if there is no word with this key.
_pr_parts() {
    _pr_key=${1%%=*} _pr_want=
    case $1 in
        *=*) _pr_want=${1#*=} ;;
    esac
    case $_pr_key in
        '' | *"$_pr_nl"*) return 1 ;;
    esac
    case $_pr_words in
        *"$_pr_nl$_pr_key="* | *"$_pr_nl$_pr_key$_pr_nl"*) return 0 ;;
    esac
    return 1
}

# _pr_num TEXT: _pr_value is the number; too large a one is the largest there is.
_pr_num() {
    case $1 in
        '' | *[!0123456789]*) return 1 ;;
        0*[89]*) return 1 ;;
    esac
    _pr_value=$1
    while :; do
        case $_pr_value in
            0?*) _pr_value=${_pr_value#0} ;;
            *) break ;;
        esac
    done
    case $1 in
        0*) [ ${#_pr_value} -le 21 ] && _pr_value=$((0$_pr_value)) && return 0 ;;
        *) _pr_fits "$_pr_value" && return 0 ;;
    esac
    _pr_value=9223372036854775807
}

# _pr_fits NUMBER: 64 bits hold it.
_pr_fits() {
    [ ${#1} -lt 19 ] && return 0
    [ ${#1} -eq 19 ] || return 1
    _pr_w=${1%?????????}
    [ "$_pr_w" -lt 9223372036 ] && return 0
    [ "$_pr_w" -eq 9223372036 ] && [ "1${1#"$_pr_w"}" -le 1854775807 ]
}

# _pr_sync reads the sources, and cuts them into words if they are not those of last time.
_pr_sync() {
    _pr_read
    CMDLINE=$_pr_text
    export CMDLINE
    if [ "$_pr_text" != "$_pr_cmdline" ]; then
        _pr_split "$_pr_text"
        _pr_cmdline=$_pr_text
    fi
}

# _pr_read joins the sources: one blank before each line, one more between the kinds of source.
_pr_read() {
    _pr_text=
    for _pr_w in /etc/cmdline.d/*.conf; do
        _pr_lines "$_pr_w"
    done
    _pr_text="$_pr_text "
    _pr_lines /etc/cmdline
    _pr_text="$_pr_text "
    _pr_lines /proc/cmdline
    _pr_text="$_pr_text "
    for _pr_w in /run/initramfs/cmdline.d/*.conf; do
        _pr_lines "$_pr_w"
    done
}

_pr_lines() {
    [ -f "$1" ] || return 0
    while IFS=" $_pr_tab$_pr_nl" command read -r _pr_line || [ -n "$_pr_line" ]; do
        _pr_text="$_pr_text $_pr_line"
    done < "$1" || :
}

# _pr_split TEXT: the words of TEXT by the rules of the kernel's next_arg (lib/cmdline.c), into _pr_words.
_pr_split() {
    # What can be a blank besides the space is outside of printable ASCII, and rare: only then the others are made, by a process.
    case $1 in
        *[!\ -~]*)
            local LC_ALL=C
            [ "$_pr_blanks" != ' ' ] || _pr_blanks=$(command printf ' \t\013\014\r\240')
            ;;
    esac
    local IFS="$_pr_blanks"
    _pr_words=$_pr_nl
    set -f
    case $1 in
        *\"*) _pr_quoted "$1" ;;
        *)
            for _pr_raw in $1; do
                [ -z "$_pr_raw" ] || _pr_words=$_pr_words$_pr_raw$_pr_nl
            done
            ;;
    esac
    set +f
}

# _pr_quoted TEXT: quotes part a text into pieces that are outside and inside of quotes by turns.
_pr_quoted() {
    _pr_raw='' _pr_in='' _pr_quote=''
    IFS='"'
    # The quote at the end ends the last piece.
    set -- "$1\""
    for _pr_piece in $1; do
        _pr_raw=$_pr_raw$_pr_quote
        if [ -n "$_pr_in" ]; then
            _pr_raw=$_pr_raw$_pr_piece _pr_in=
        else
            [ -z "$_pr_piece" ] || _pr_outside
            _pr_in=1
        fi
        _pr_quote='"'
    done
    _pr_word
}

# _pr_outside: blanks part words in this piece.
_pr_outside() {
    local IFS="$_pr_blanks"
    case $_pr_piece in
        ["$_pr_blanks"]*) _pr_word ;;
    esac
    _pr_between=
    for _pr_w in $_pr_piece; do
        [ -n "$_pr_w" ] || continue
        [ -z "$_pr_between" ] || _pr_word
        _pr_raw=$_pr_raw$_pr_w _pr_between=1
    done
    case $_pr_piece in
        *["$_pr_blanks"]) _pr_word ;;
    esac
}

# _pr_word takes the quotes off _pr_raw, adds it to the words, and begins a new one. The quote that ends it goes once: with the one
# that opens the value, or with the one that opened the word.
_pr_word() {
    [ -n "$_pr_raw" ] || return 0
    _pr_open=
    case $_pr_raw in
        \"*) _pr_open=1 _pr_raw=${_pr_raw#?} ;;
    esac
    # An = in the first place belongs to the key.
    case $_pr_raw in
        =*=*)
            _pr_v=${_pr_raw#=}
            _pr_k="=${_pr_v%%=*}=" _pr_v=${_pr_v#*=}
            ;;
        [!=]*=*) _pr_k=${_pr_raw%%=*}= _pr_v=${_pr_raw#*=} ;;
        *) _pr_k='' _pr_v=$_pr_raw ;;
    esac
    case ${_pr_k:+$_pr_v} in
        \"*) _pr_open=1 _pr_v=${_pr_v#?} ;;
    esac
    case $_pr_open,$_pr_v in
        1,*\") _pr_v=${_pr_v%?} ;;
    esac
    _pr_words=$_pr_words$_pr_k$_pr_v$_pr_nl
    _pr_raw=
}

preroot_cmdline
