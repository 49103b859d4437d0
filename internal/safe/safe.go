// Package safe starts goroutines. A panic in any goroutine would end the process, and the process may be all
// that a far away machine has; so every goroutine of preroot starts here, where a panic becomes a report.
package safe

import (
	"fmt"
	"runtime/debug"
)

// Report takes the panic of a goroutine: its name, and the value with the stack as text.
type Report func(name, trace string)

// Go runs f in a goroutine of its own. If f panics, report is called (when not nil) and the goroutine ends.
func Go(name string, report Report, f func()) {
	go func() {
		defer Catch(name, report)
		f()
	}()
}

// Catch is deferred by a function that must outlive a panic of its own.
func Catch(name string, report Report) {
	if v := recover(); v != nil && report != nil {
		report(name, fmt.Sprintf("panic: %v\n%s", v, debug.Stack()))
	}
}
