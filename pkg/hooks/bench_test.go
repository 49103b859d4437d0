package hooks

import (
	"os"
	"testing"
)

// BenchmarkHook is a hook that does nothing, in a shell that runs. shell-ns is the shell's own time on the CPU, which other load does not change.
func BenchmarkHook(b *testing.B) {
	for _, name := range shells {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, shellPath(b, name), nil)
			h := Hook{Path: r.write("hook.sh", ":\n")}
			if _, err := r.Run(b.Context(), h); err != nil {
				b.Fatal(err)
			}
			cpu := func() uint64 { return procs{os.DirFS("/proc")}.sample(r.live.PID(), procStat{}).CPU }
			before := cpu()
			for b.Loop() {
				if _, err := r.Run(b.Context(), h); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpu()-before)/float64(b.N), "shell-ns/op")
		})
	}
}

// BenchmarkStart is the start of the shell with a hook that does nothing.
func BenchmarkStart(b *testing.B) {
	for _, name := range shells {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, shellPath(b, name), nil)
			h := Hook{Path: r.write("hook.sh", "exit 0\n")}
			for b.Loop() {
				if _, err := r.Run(b.Context(), h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
