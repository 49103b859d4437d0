package rescue

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/preroot/preroot/pkg/timeline"
)

// The files that the boot leaves for the prompt, from the root directory.
const (
	reportFile   = "run/initramfs/rdsosreport.txt"
	timelineFile = "run/initramfs/preroot/timeline"
)

func (c *call) report(args []string) error {
	text, err := fs.ReadFile(c.sys.Files, reportFile)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is none: nothing has failed so far")
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if err := c.print(strings.TrimSuffix(line, "\n")); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) timeline(args []string) error {
	text, err := fs.ReadFile(c.sys.Files, timelineFile)
	if err != nil {
		return about("/"+timelineFile, err)
	}
	spans, err := timeline.Parse(string(text))
	if err != nil {
		return err
	}
	if err := c.print("   start s  length s"); err != nil {
		return err
	}
	for _, s := range spans {
		failed := ""
		if s.Failed {
			failed = " FAILED"
		}
		err := c.printf("%10.3f %9.3f  %s %s%s", s.Start.Seconds(), s.Length.Seconds(), s.Kind, s.Name, failed)
		if err != nil {
			return err
		}
	}
	return nil
}
