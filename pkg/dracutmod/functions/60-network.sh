# Disks over the network, and the way to their servers.

__sys_path() { [[ -L /sys/dev/block/$1 ]] && realpath "/sys/dev/block/$1"; }

# normalized_iscsi_name NAME: small letters, and none but those that RFC 3720 (3.2.6.2) allows.
normalized_iscsi_name() {
    local name=${1,,}
    printf '%s' "${name//[!a-z0-9.:-]/}"
}

block_is_nbd() { [[ -b /dev/block/$1 && $1 == 43:* ]]; }

block_is_iscsi() {
    local path
    path=$(__sys_path "$1") || return 1
    while [[ $path == /sys/devices/* ]]; do
        [[ -d $path/iscsi_session ]] && return 0
        path=${path%/*}
    done
    return 1
}

block_is_fcoe() {
    local path
    path=$(__sys_path "$1") || return 1
    [[ $path == */ctlr_*/host*/* ]] && return 0
    while [[ $path == /sys/devices/* ]]; do
        [[ -d $path/fcoe ]] && return 0
        path=${path%/*}
    done
    return 1
}

block_is_netdevice() { block_is_nbd "$1" || block_is_iscsi "$1" || block_is_fcoe "$1"; }

# __word_after WORD TEXT...: the next one.
__word_after() {
    local word=$1
    shift
    while (($# > 1)); do
        if [[ $1 == "$word" ]]; then
            printf '%s\n' "$2"
            return
        fi
        shift
    done
}

# shellcheck disable=SC2046 # words
iface_for_remote_addr() { __word_after dev $(ip -o route get to "$1"); }
# shellcheck disable=SC2046
local_addr_for_remote_addr() { __word_after src $(ip -o route get to "$1"); }

peer_for_addr() {
    local line
    while read -r line; do
        [[ " $line " != *" $1 peer "* ]] || __word_after peer $line
    done < <(ip -o addr show)
}

netmask_for_addr() {
    local line
    while read -r line; do
        if [[ " $line " == *" $1/"* ]]; then
            line=${line#*" $1/"}
            printf '%s\n' "${line%% *}"
        fi
    done < <(ip -o addr show)
}

gateway_for_iface() {
    local family="" word dev gateway
    case $2 in
        *.*) family=4 ;;
        *:*) family=6 ;;
        *) return ;;
    esac
    while read -r _ _ gateway word dev _; do
        [[ $word != dev || $dev != "$1" ]] || printf '%s\n' "$gateway"
    done < <(ip -o -$family route show | grep '^default via ')
}

bootproto_for_iface() {
    local file=${dracutsysrootdir-}/etc/sysconfig/network-scripts/ifcfg-$1
    [[ -f $file ]] && sed -n "s/^BOOTPROTO=[\"']\\?\\([[:alnum:]]*\\).*/\\1/p" "$file"
}

__bracketed() { if is_unbracketed_ipv6_address "$1"; then printf '[%s]' "$1"; else printf '%s' "$1"; fi; }

# ip_params_for_remote_addr ADDRESS: ifname= and ip= by which a boot reaches a server.
ip_params_for_remote_addr() {
    local name address peer mask="" gateway hardware
    [[ $1 ]] || return 1
    name=$(iface_for_remote_addr "$1")
    address=$(local_addr_for_remote_addr "$1")
    if [[ -z $name || -z $address ]]; then
        derror "no interface of this machine leads to $1"
        return 1
    fi
    if [[ ! -d /sys/class/net/$name/bonding && -e /sys/class/net/$name/address ]]; then
        hardware=$(<"/sys/class/net/$name/address")
        [[ -z $hardware ]] || printf 'ifname=%s:%s ' "$name" "$hardware"
    fi
    peer=$(peer_for_addr "$address")
    [[ $peer ]] || mask=$(netmask_for_addr "$address")
    gateway=$(gateway_for_iface "$name" "$address")
    if [[ $(find_iface_dynamic "$name" "$address") ]]; then
        if [[ $address == *:* ]]; then printf 'ip=%s:%s\n' "$name" dhcp6; else printf 'ip=%s:%s\n' "$name" dhcp; fi
        return 0
    fi
    printf 'ip=%s:%s:%s:%s::%s:none\n' "$(__bracketed "$address")" "$(__bracketed "$peer")" "$(__bracketed "$gateway")" "$mask" "$name"
}

# An address that a lease ends: "dynamic".
find_iface_dynamic() {
    local line
    while read -r line; do
        [[ " $line " == *" $2/"* && $line == *" dynamic "* ]] && printf dynamic
    done < <(ip -o addr show dev "$1" 2>/dev/null)
}
