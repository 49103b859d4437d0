# Text, paths, versions.

_is_func() { [[ $(type -t "$1") == function ]]; }
is_func() { [[ $(type -t "$1") == function ]]; }
strstr() { [[ $1 == *"$2"* ]]; }
# shellcheck disable=SC2053 # the second word is a pattern
strglob() { [[ $1 == $2 ]]; }
strglobin() { [[ $1 == *$2* ]]; }
str_starts() { [[ $1 == "$2"* && -n $1 ]]; }
str_ends() { [[ $1 == *"$2" && -n $1 ]]; }

trim() {
    local text="$*"
    text=${text#"${text%%[![:space:]]*}"}
    printf '%s' "${text%"${text##*[![:space:]]}"}"
}

# vercmp A OP B: versions of numbers with dots.
vercmp() {
    local -a a b
    local -i i order=0
    IFS=. read -r -a a <<<"$1"
    IFS=. read -r -a b <<<"$3"
    for ((i = 0; i < ${#a[@]} || i < ${#b[@]}; i++)); do
        order=$((10#${a[i]:-0} - 10#${b[i]:-0}))
        ((order == 0)) || break
    done
    case $2 in
        gt) ((order > 0)) ;;
        ge) ((order >= 0)) ;;
        eq) ((order == 0)) ;;
        le) ((order <= 0)) ;;
        lt) ((order < 0)) ;;
        ne) ((order != 0)) ;;
    esac
}

mksubdirs() { [[ -e ${1%/*} ]] || mkdir -p -- "${1%/*}"; }

# print_vars NAME...: NAME="VALUE" of those that are not empty.
print_vars() {
    local name
    for name in "$@"; do
        [[ ${!name} ]] && printf '%s="%s"\n' "$name" "${!name}"
    done
}

# normalize_path PATH: without slashes that are doubled or at the end.
normalize_path() {
    local text=$1
    while [[ $text == *//* ]]; do text=${text//\/\//\/}; done
    printf '%s\n' "${text%/}"
}

# convert_abs_rel FROM TO: TO as a link at FROM has to name it.
convert_abs_rel() {
    local from to up=""
    from=$(normalize_path "$1") to=$(normalize_path "$2")
    if [[ $from == "$to" ]]; then
        printf '%s\n' "${to##*/}"
        return
    fi
    from=${from%/*}
    if [[ $from == "$to" ]]; then
        printf '.\n'
        return
    fi
    while [[ $to/ != "$from"/* ]]; do
        from=${from%/*} up+=../
    done
    to=${to#"$from"} to=$up${to#/}
    printf '%s\n' "${to%/}"
}

is_unbracketed_ipv6_address() { [[ $1 == *:* && $1 != \[*:*\] ]]; }

is_elf() { [[ $(head -c 4 -- "$1" 2>/dev/null | tr -d '\0') == $'\x7fELF' ]]; }

get_decompress_cmd() {
    case $1 in
        *.gz) echo 'gzip -f -d' ;;
        *.bz2) echo 'bzip2 -d' ;;
        *.xz) echo 'xz -f -d' ;;
        *.zst) echo 'zstd -q -f -d --rm' ;;
    esac
}

get_cpu_vendor() {
    local text
    text=$(</proc/cpuinfo)
    [[ $text != *AMD* ]] || printf AMD
    [[ $text != *Intel* ]] || printf Intel
}

get_ucode_file() {
    local name value family="" model="" stepping=""
    while IFS=: read -r name value; do
        name=$(trim "$name") value=$(trim "$value")
        case $name in
            "cpu family") family=$value ;;
            model) model=$value ;;
            stepping)
                stepping=$value
                break
                ;;
        esac
    done </proc/cpuinfo
    case $(get_cpu_vendor) in
        AMD) if ((family >= 21)); then printf 'microcode_amd_fam%xh.bin' "$family"; else printf microcode_amd.bin; fi ;;
        Intel) printf '%02x-%02x-%02x' "$family" "$model" "$stepping" ;;
    esac
}

is_qemu_virtualized() {
    local file maker
    case $(systemd-detect-virt --vm 2>/dev/null) in
        qemu | kvm | bochs) return 0 ;;
    esac
    for file in /sys/class/dmi/id/*_vendor; do
        read -r maker <"$file" || continue
        case $maker in
            QEMU | "Red Hat" | Bochs) return 0 ;;
        esac
    done 2>/dev/null
    return 1
}
