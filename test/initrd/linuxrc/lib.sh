# What the shell scripts have in common; they source it. Modules are those of the case, none on a kernel that has them built in.
PATH=/bin
say() { echo "FACT linuxrc $*"; }
# modules loads them; whoever comes before /linuxrc may have loaded some.
modules() {
    while read -r m; do
        name=${m##*/}
        grep -q "^${name%.ko} " /proc/modules || insmod "$m" || say "not loaded: $m"
    done </modules
}
# await waits until the kernel has a block device.
await() { n=0; while ! grep -q " $1\$" /proc/partitions && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done; }
# numbers prints major and minor of a block device.
numbers() { await "$1"; sed -n "s/^ *\([0-9]*\) *\([0-9]*\) .* $1\$/\1 \2/p" /proc/partitions; }
