package faults

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// first runs a shell script in the place of /init, which then executes /init with its own number. A script of beside runs too.
func (r *rig) first(text string) {
	r.busybox()
	start := "#!/helper/busybox sh\n(\nexport PATH=/helper\n" + text + "\n)\n"
	for _, e := range r.entries {
		if e.Name == "helper/act" {
			start += "/helper/act &\n"
		}
	}
	r.file("helper/start", 0o755, []byte(start+"exec /init \"$@\"\n"))
	r.dropWord("rdinit=/helper/start")
	r.word("rdinit=/helper/start")
}

// engineID is shell text that sets e to the number of the engine's process.
const engineID = `e=
while [ -z "$e" ]; do for p in /proc/[0-9]*; do grep -q preroot-engine $p/cmdline 2>/dev/null && e=${p#/proc/}; done; done
`

// module is the path of a module in the image, without a leading slash, and its file on the host.
func (r *rig) module(name string) (inside, host string) {
	r.t.Helper()
	k := kernel(r.t, r.kernel)
	err := filepath.WalkDir(filepath.Join(k.ModulesDir(), "kernel"), func(path string, _ fs.DirEntry, err error) error {
		if filepath.Base(path) == name+".ko" {
			host = path
		}
		return err
	})
	if err != nil || host == "" {
		r.t.Fatalf("no uncompressed module %s in %s (%v)", name, k, err)
	}
	return "lib/modules/" + k.Version + "/kernel/" + name + ".ko", host
}

// loseModule leaves a module out of the image: a link to nowhere takes its place.
func (r *rig) loseModule(name string) {
	inside, _ := r.module(name)
	r.entries = append(r.entries, vm.Entry{Name: inside, Mode: fs.ModeSymlink | 0o777, Data: []byte("/nowhere")})
}

// changeModule changes the file of a module in the image.
func (r *rig) changeModule(name string, change func([]byte) []byte) {
	r.t.Helper()
	inside, host := r.module(name)
	data, err := os.ReadFile(host)
	if err != nil {
		r.t.Fatal(err)
	}
	r.file(inside, 0o644, change(data))
}

// index puts a file beside the modules of the image.
func (r *rig) index(name string, data []byte) {
	r.file("lib/modules/"+kernel(r.t, r.kernel).Version+"/"+name, 0o644, data)
}

// debugfs changes the ext4 image of a disk by commands of debugfs(8).
func (r *rig) debugfs(disk int, commands ...string) {
	r.t.Helper()
	list := filepath.Join(r.t.TempDir(), "debugfs")
	if err := writeFile(list, strings.Join(commands, "\n")); err != nil {
		r.t.Fatal(err)
	}
	r.host("debugfs", "-w", "-f", list, r.spec.Disks[disk].Path)
}

// put writes a file into the ext4 image of a disk in the place of the one that is there.
func (r *rig) put(disk int, path, mode string, data []byte) {
	r.t.Helper()
	host := filepath.Join(r.t.TempDir(), "put")
	if err := os.WriteFile(host, data, 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.debugfs(disk, "rm "+path, "write "+host+" "+path, "sif "+path+" mode 0100"+mode)
}

// rootInit is the real init as a file.
func (r *rig) rootInit() []byte {
	data, err := os.ReadFile(program(r.t, "root.c"))
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}
