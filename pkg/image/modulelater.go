package image

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/pkg/kmod"
)

// modulesHelper is what loads the modules that root does not need, in a generic image, when the real init runs. It lies beside /init's program, and is for the same machine. An image without it is none that
// fails: /init loads them itself, and that takes its time.
func modulesHelper(o *Options, s *Summary) ([]Entry, error) {
	if !o.Generic {
		return nil, nil
	}
	file := filepath.Join(filepath.Dir(o.Init), path.Base(kmod.Helper))
	data, err := readStatic("helper", file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s is not there: where the real system loads no modules, the boot waits for the drivers of every device", file))
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []Entry{{Name: strings.TrimPrefix(kmod.Helper, "/"), Kind: Regular, Perm: 0o755, Data: data}}, nil
}
