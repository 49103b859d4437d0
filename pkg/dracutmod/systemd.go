package dracutmod

import (
	"fmt"
	"os"
	"strings"
)

// systemdConf tells scripts of modules in the image where systemd's folders are: they are sourced with it (console_init.sh asks for $systemdutildir).
const systemdConf = "/etc/conf.d/systemd.conf"

// tellFolders writes that file, if the image has something of systemd.
func (b *builder) tellFolders() error {
	if !b.stage.exists(b.vars["systemdutildir"]) || b.stage.exists(systemdConf) {
		return nil
	}
	var text strings.Builder
	for _, name := range []string{"systemdutildir", "systemdsystemunitdir", "systemdsystemconfdir", "systemdnetworkconfdir"} {
		fmt.Fprintf(&text, "%s='%s'\n", name, strings.ReplaceAll(b.vars[name], "'", `'\''`))
	}
	file, err := b.stage.place(systemdConf)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		return err
	}
	return os.Chmod(file, 0o644)
}
