package check

import "strings"

// builtins are the commands that shells have themselves (POSIX 2.14, and those of dash and bash).
const builtins = " . : [ alias bg break cd command continue echo eval exec exit export false fg getopts hash jobs kill local printf pwd read readonly return set shift test times trap true type ulimit umask unalias unset wait source declare typeset shopt "

func isBuiltin(name string) bool { return strings.Contains(builtins, " "+name+" ") }
