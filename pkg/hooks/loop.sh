# The hook shell: it serves one request after the other until somebody ends it. $1 is the directory of its files:
#
#	start    read once: what is put back, the library, and _pr_tell, which writes a report
#	request  a FIFO with one line for each request: what to do afterwards
#	work     the request itself
#	report   a FIFO for the answers
#	state.N  every variable, in two files by turns
#
# Everything is opened by path, each time: a hook may close, use and leave open any descriptor. Names that begin with _pr_ are ours.
_pr_dir=$1 _pr_seq=0 _pr_kept=-
readonly _pr_dir
shift

# What a hook may have left behind, and the next one does not expect. Of a standard stream that it has closed the next file that somebody opens would take the place.
_pr_calm() {
	{ command : 3<&0; } 2> /dev/null || exec < /dev/null
	{ command : 3>&1; } 2> /dev/null || exec 1<> "$_pr_dir/output"
	command : 3>&2 || exec 2<> "$_pr_dir/output"
	IFS=' 	
'
	trap '_pr_exit "$?"' EXIT
	trap 'exit 75' USR1
}

# All variables and which are exported, as the shell itself can read them. The last line shows that no byte is missing.
_pr_keep() {
	case $_pr_kept in 0) _pr_kept=1 ;; *) _pr_kept=0 ;; esac
	{
		set
		export -p
		command printf "_pr_end='%s'\n" "$_pr_seq"
	} >| "$_pr_dir/state.$_pr_kept"
}

# Source $1 with the other arguments as its own, in a function so that it can use local, and in a loop, since break in busybox would leave ours.
_pr_hook() {
	_pr_path=$1
	shift
	case $RD_DEBUG in yes) set -x ;; esac
	for _pr_once in 1; do
		. "$_pr_path"
	done
}

# The shell ends: by exit, or because it must after an error.
_pr_exit() {
	{ set +efuvxC; } 2> /dev/null
	IFS=' 	
'
	trap - EXIT
	_pr_keep
	_pr_tell exited "$1"
}

. "$_pr_dir/start"
{ set +efuvxC; } 2> /dev/null
_pr_calm
_pr_keep
_pr_tell ready 0
while command read -r _pr_after < "$_pr_dir/request"; do
	. "$_pr_dir/work"
	{ _pr_status=$?; set +efuvxC; } 2> /dev/null
	_pr_calm
	case $_pr_after in keep) _pr_keep ;; esac
	_pr_tell done "$_pr_status"
done
