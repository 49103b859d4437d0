// Command kernels fetches the Debian kernels that the tests boot into the
// cache folder and prints their versions and places.
//
//	go run ./test/kernels [NAME...]     without a name: all
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/preroot/preroot/internal/vm"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(names []string, out, errs io.Writer) int {
	if len(names) == 0 {
		names = vm.KernelNames()
	}
	status := 0
	for _, name := range names {
		k, err := vm.GetKernel(name, errs)
		if err != nil {
			fmt.Fprintf(errs, "kernel %s: %v\n", name, err)
			status = 1
			continue
		}
		fmt.Fprintf(out, "%-10s %-22s %s\n", k.Name, k.Version, k.Dir)
	}
	return status
}
