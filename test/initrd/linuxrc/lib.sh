# What the shell scripts have in common; they source it.
PATH=/bin
say() { echo "FACT linuxrc $*"; }
# modules loads those of a list, /modules if none is named: nothing on a kernel that has them built in. Whoever comes before /linuxrc may have loaded some.
modules() {
    while read -r m; do
        name=${m##*/}
        grep -q "^${name%.ko} " /proc/modules || insmod "$m" || say "not loaded: $m"
    done <"${1:-/modules}"
}
# await waits until the kernel has a block device.
await() { n=0; while ! grep -q " $1\$" /proc/partitions && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done; }
# numbers prints major and minor of a block device.
numbers() { await "$1"; sed -n "s/^ *\([0-9]*\) *\([0-9]*\) .* $1\$/\1 \2/p" /proc/partitions; }
# root makes a block device the real root.
root() { set -- $(numbers "$1"); echo $(($1 * 256 + $2)) >/proc/sys/kernel/real-root-dev || say "real-root-dev was not taken"; }
