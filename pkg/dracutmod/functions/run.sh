# bash run.sh STEP NAME FOLDER: one step of one module. The words of the environment that bash cannot inherit (arrays) are in files.
# Descriptors 3 to 6 lead to the builder; see 00-ask.sh.

umask 022
__functions=${BASH_SOURCE[0]%/*}
for __file in "$__functions"/[0-9]*.sh; do
    # shellcheck disable=SC1090
    . "$__file"
done
__step=$1 __name=$2 moddir=$3
set --

declare -a host_devs user_devs root_devs swap_devs fstab_lines host_modalias
declare -A host_fs_types
mapfile -t -d '' host_devs <"$__functions/host_devs"
mapfile -t -d '' root_devs <"$__functions/root_devs"
mapfile -t -d '' swap_devs <"$__functions/swap_devs"
while IFS= read -r -d '' __file && IFS= read -r -d '' __answer; do
    host_fs_types[$__file]=$__answer
done <"$__functions/host_fs_types"
# What the configuration says to modules: words, whatever is in them, of names that the builder has looked at.
while IFS= read -r -d '' __file && IFS= read -r -d '' __answer; do
    printf -v "$__file" %s "$__answer"
done <"$__functions/conf"
unset __file

# What a module does not have counts as done.
check() { :; }
depends() { :; }
cmdline() { :; }
install() { :; }
installkernel() { :; }

# A module that is forced in is checked as if the image were for any machine; what it depends on is not.
__hostonly=${hostonly-}
[[ -z ${__any_machine-} ]] || unset hostonly

# shellcheck disable=SC1091
. "$moddir/module-setup.sh"

case $__step in
    check)
        # shellcheck disable=SC2086 # an empty word is none
        check $hostonly
        __status=$?
        [[ -z ${__any_machine-} || -z $__hostonly ]] || export hostonly=$__hostonly
        __words=""
        if ((__status == 0 || __status == 255)); then
            __words=$(depends)
        fi
        # shellcheck disable=SC2086
        __ask done "$__status" $__words
        ;;
    install)
        install
        installkernel
        __ask done "$?"
        ;;
esac
