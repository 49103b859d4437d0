package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/check"
	"github.com/preroot/preroot/pkg/image"
)

// judgeBuilt checks an image that build has made before it takes the place of an older one: one for this machine against the
// chain that it was made for, any other by itself.
func judgeBuilt(o *image.Options) func([]byte, *chain.Chain) error {
	return func(data []byte, c *chain.Chain) error {
		var t check.Target
		if c != nil {
			t = targetOf(c)
		}
		parsed, err := archive.Parse(data, archive.Limits{})
		if err != nil {
			return fmt.Errorf("the image that was made cannot be read: %w", err)
		}
		tree, err := parsed.Tree()
		if err != nil {
			return fmt.Errorf("the image that was made: %w", err)
		}
		r, err := checkOptions{sysroot: o.Sysroot, kver: o.KVER, modulesDir: o.ModulesDir}.judge(tree, t)
		if err != nil || r.Verdict != check.Fails {
			return err
		}
		return notFinding(r)
	}
}

// notFinding says what an image lacks.
func notFinding(r *check.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; nothing was written (--no-check writes it):", r.Verdict)
	for _, m := range r.Missing {
		fmt.Fprintf(&b, "\n  %s\n    needed: %s", m.What, m.Why)
		if m.Hint != "" {
			fmt.Fprintf(&b, "\n    to mend it: %s", m.Hint)
		}
	}
	return errors.New(b.String())
}
