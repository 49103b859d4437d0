package image

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// compileKeymap gives the keymap file, nil when the kernel's own keymap is right.
func (c *console) compileKeymap() ([]byte, error) {
	var source []byte
	var err error
	switch {
	case c.noKeymap:
		return nil, nil
	case len(c.keymap) > 0:
		source, err = tablesOf(c.keymap)
	case c.layout.isDefault():
		return nil, nil
	default:
		source, err = c.layout.tables()
	}
	if err != nil {
		return nil, err
	}
	keymap, err := parseTables(string(source))
	if err != nil {
		return nil, fmt.Errorf("loadkeys --mktable: %w", err)
	}
	return keymap.Append(nil), nil
}

// isDefault says whether the kernel's own keymap is the one that is meant, or none is named.
func (x layoutXKB) isDefault() bool {
	return (x.layout == "" || x.layout == "us") && x.variant == "" && x.options == ""
}

// tablesOf compiles keymaps of the kbd project. Debian has few or none of them: one that loadkeys does not find is
// taken as an X layout.
func tablesOf(keymaps []string) ([]byte, error) {
	for _, name := range keymaps {
		if err := checkWord(name); err != nil {
			return nil, err
		}
	}
	source, err := tool(nil, "kbd", "loadkeys", append([]string{"--quiet", "--unicode", "--mktable"}, keymaps...)...)
	var missing *exec.ExitError
	if !errors.As(err, &missing) || strings.Contains(keymaps[0], "/") {
		return source, err
	}
	x, known := kbdLayout(keymaps[0])
	if !known {
		x = layoutXKB{layout: keymaps[0]}
	}
	source, xerr := x.tables()
	if xerr != nil {
		return nil, fmt.Errorf("%w; as an X layout: %w", err, xerr)
	}
	return source, nil
}

// tables compiles an X layout with the program that console-setup itself uses.
func (x layoutXKB) tables() ([]byte, error) {
	args := []string{}
	for _, a := range []struct{ option, value string }{{"-model", x.model}, {"-layout", x.layout}, {"-variant", x.variant}, {"-option", x.options}} {
		if err := checkWord(a.value); err != nil {
			return nil, err
		}
		if a.value != "" {
			args = append(args, a.option, a.value)
		}
	}
	text, err := tool(nil, "console-setup", "ckbcomp", args...)
	if err != nil {
		return nil, fmt.Errorf("layout %s: %w", x.layout, err)
	}
	return tool(text, "kbd", "loadkeys", "--quiet", "--unicode", "--mktable", "-")
}

// kbdModelMap is systemd's list of console keymaps and the X layouts that they are like: keymap, layout, model,
// variant, options; "-" for none.
const kbdModelMap = "/usr/share/systemd/kbd-model-map"

// kbdLayout looks a console keymap up in systemd's list.
func kbdLayout(keymap string) (x layoutXKB, known bool) {
	text, err := os.ReadFile(kbdModelMap)
	if err != nil {
		return x, false
	}
	for in := bufio.NewScanner(bytes.NewReader(text)); in.Scan(); {
		f := strings.Fields(in.Text())
		if len(f) >= 4 && f[0] == keymap {
			return layoutXKB{model: f[2], layout: f[1], variant: strings.Trim(f[3], "-")}, true
		}
	}
	return x, false
}

// tool runs a program of the host in "/", so that no file of the current folder is taken for what is meant.
func tool(stdin []byte, debian, program string, args ...string) ([]byte, error) {
	file, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("program %s is missing: install the Debian package %s", program, debian)
	}
	cmd := exec.Command(file, args...)
	var out, complaint bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = "/", bytes.NewReader(stdin), &out, &complaint
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}
