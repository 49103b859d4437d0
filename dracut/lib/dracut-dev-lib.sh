# shellcheck shell=sh
# Waiting for devices: dracut.modules(7). What begins with _pr_ is private.

# str_replace TEXT FROM TO: prints TEXT with every FROM replaced.
str_replace() {
    local _pr_in="$1" _pr_out=''
    if [ -n "$2" ]; then
        while :; do
            case $_pr_in in
                *"$2"*)
                    _pr_out=$_pr_out${_pr_in%%"$2"*}$3
                    _pr_in=${_pr_in#*"$2"}
                    ;;
                *) break ;;
            esac
        done
    fi
    command printf '%s' "$_pr_out$_pr_in"
}

# dev_unit_name PATH: prints the name that systemd gives the unit of a path, without its suffix; "" is the empty name.
dev_unit_name() {
    local _pr_in="$1" _pr_out='' _pr_c LC_ALL=C
    while :; do
        case $_pr_in in
            *//*) _pr_in=${_pr_in%%//*}/${_pr_in#*//} ;;
            /?*) _pr_in=${_pr_in#/} ;;
            ?*/) _pr_in=${_pr_in%/} ;;
            *) break ;;
        esac
    done
    while [ -n "$_pr_in" ]; do
        _pr_c=${_pr_in%"${_pr_in#?}"}
        _pr_in=${_pr_in#?}
        case $_pr_c in
            /) _pr_out=$_pr_out- ;;
            [0-9A-Za-z:_]) _pr_out=$_pr_out$_pr_c ;;
            .)
                if [ -n "$_pr_out" ]; then
                    _pr_out=$_pr_out.
                else
                    _pr_out='\x2e'
                fi
                ;;
            *) _pr_out="$_pr_out\\x$(command printf %02x $(($(command printf %d "'$_pr_c") & 255)))" ;;
        esac
    done
    command printf '%s\n' "$_pr_out"
}

# set_systemd_timeout_for_dev [-n] DEVICE [SECONDS]: for systemd's units, which there are none of here.
set_systemd_timeout_for_dev() {
    return 0
}

# wait_for_dev [-n] DEVICE [SECONDS]: the boot goes on to mount root when DEVICE is there.
wait_for_dev() {
    local _pr_name
    [ "$1" != -n ] || shift
    _pr_name=$(str_replace "$1" / '\x2f')
    [ ! -e "$hookdir/initqueue/finished/devexists-$_pr_name.sh" ] || return 0
    command printf '[ -e "%s" ]\n' "$(_pr_double "$1")" > "$hookdir/initqueue/finished/devexists-$_pr_name.sh" || return
    command printf '[ -e "%s" ] || warn "\\"%s\\" does not exist"\n' "$(_pr_double "$1")" "$(_pr_double "$1")" \
        > "$hookdir/emergency/80-$_pr_name.sh"
}

# cancel_wait_for_dev DEVICE
cancel_wait_for_dev() {
    local _pr_name
    _pr_name=$(str_replace "$1" / '\x2f')
    rm -f -- "$hookdir/initqueue/finished/devexists-$_pr_name.sh" "$hookdir/emergency/80-$_pr_name.sh"
}

# _pr_double TEXT: prints TEXT for the inside of double quotes of a script. A backslash that stands for itself there, as in the names
# of udev's links, stays alone.
_pr_double() {
    local _pr_in="$1" _pr_out='' _pr_c
    while :; do
        case $_pr_in in
            *[\\\"\$\`]*) ;;
            *) break ;;
        esac
        _pr_c=${_pr_in%%[\\\"\$\`]*}
        _pr_in=${_pr_in#"$_pr_c"}
        case $_pr_in in
            \\ | \\[\\\"\$\`]* | [\"\$\`]*) _pr_c="$_pr_c\\" ;;
        esac
        _pr_out=$_pr_out$_pr_c${_pr_in%"${_pr_in#?}"}
        _pr_in=${_pr_in#?}
    done
    command printf '%s' "$_pr_out$_pr_in"
}
