// Package udevd drives the systemd-udevd of an image: it is started, told properties, asked to look at every device again, and ended. All goes by
// udevadm(8), whose words are the same in every release; the control socket is not (systemd 262 has none).
package udevd

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Programs runs a program of the image and gives its exit status, negative after a signal, and what it printed.
type Programs interface {
	Run(program string, args ...string) (status int, output string, err error)
}

// Daemon is the udevd of an image.
type Daemon struct {
	// Path and Admin are the programs systemd-udevd and udevadm.
	Path, Admin string
	programs    Programs
}

// paths are the places of systemd-udevd: /lib is a link in images of merged systems, and a folder of its own in others.
var paths = []string{"usr/lib/systemd/systemd-udevd", "lib/systemd/systemd-udevd", "sbin/udevd", "usr/sbin/udevd"}

// Find looks for udevd in an image, nil when it or udevadm is not there.
func Find(files fs.FS, programs Programs) *Daemon {
	d := &Daemon{programs: programs}
	for _, name := range paths {
		if exists(files, name) {
			d.Path = "/" + name
			break
		}
	}
	for _, name := range []string{"usr/bin/udevadm", "bin/udevadm", "sbin/udevadm", "usr/sbin/udevadm"} {
		if exists(files, name) {
			d.Admin = "/" + name
			break
		}
	}
	if d.Path == "" || d.Admin == "" {
		return nil
	}
	return d
}

func exists(files fs.FS, name string) bool {
	_, err := fs.Stat(files, name)
	return err == nil
}

// CallsInitqueue says whether a rule of an image runs dracut's initqueue: then udevd and its rules are what finds root.
func CallsInitqueue(files fs.FS) bool {
	for _, dir := range []string{"etc/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d"} {
		entries, _ := fs.ReadDir(files, dir)
		for _, e := range entries {
			if path.Ext(e.Name()) != ".rules" {
				continue
			}
			text, _ := fs.ReadFile(files, dir+"/"+e.Name())
			if strings.Contains(string(text), "/initqueue") {
				return true
			}
		}
	}
	return false
}

// Start starts the daemon; it returns when udevd listens (systemd-udevd(8), --daemon). Interfaces have no names to resolve in an initramfs.
func (d *Daemon) Start() error { return d.run(d.Path, "--daemon", "--resolve-names=never") }

// Property sets a global property for every device, NAME=VALUE, as udevd hands it to the programs of its rules.
func (d *Daemon) Property(name, value string) error {
	return d.run(d.Admin, "control", "--property="+name+"="+value)
}

// Reload reads the rules again.
func (d *Daemon) Reload() error { return d.run(d.Admin, "control", "--reload") }

// Trigger makes the kernel announce everything again: the subsystems, then the devices (udevadm(8)). An error says that at least one of them was not
// announced, such as one whose driver refuses; the others were.
func (d *Daemon) Trigger() error {
	return errors.Join(d.run(d.Admin, "trigger", "--type=subsystems", "--action=add"), d.run(d.Admin, "trigger", "--type=devices", "--action=add"))
}

// Idle says that udevd has nothing queued or under way (udevadm(8), settle without waiting).
func (d *Daemon) Idle() bool { return d.run(d.Admin, "settle", "--timeout=0") == nil }

// Alive says that the daemon answers; one that is not there at all is idle by settle's word.
func (d *Daemon) Alive() bool { return d.run(d.Admin, "control", "--ping", "--timeout=5") == nil }

// Stop ends the daemon when it has done its work, and takes out of its database what the real system shall find anew: entries that a rule has
// marked with db_persist stay.
func (d *Daemon) Stop() error {
	return errors.Join(d.run(d.Admin, "control", "--exit"), d.run(d.Admin, "info", "--cleanup-db"))
}

func (d *Daemon) run(program string, args ...string) error {
	status, output, err := d.programs.Run(program, args...)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", path.Base(program), args[0], err)
	case status != 0:
		return fmt.Errorf("%s %s: status %d: %s", path.Base(program), args[0], status, strings.TrimSpace(output))
	}
	return nil
}
