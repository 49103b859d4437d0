package dracutmod

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestConfigurationReachesModules: what a configuration says by keys of third-party modules is there in each step, word for word, and is no code; programs that
// modules run do not see it. What would steer the shell, and what is the builder's own, is refused by name.
func TestConfigurationReachesModules(t *testing.T) {
	nasty := " $(touch /tmp/x) `id` \"'; exit 7 \n\t * \\ ~ \xff "
	stage := t.TempDir()
	dir := tree(t, map[string]string{"10w": `check() { [[ $dropbear_port == 2222 ]]; }
depends() { [[ $dropbear_port == 2222 ]] || echo absent; }
install() {
  printf '%s|%s|%s|%s|%s|%s' "$nasty" "$hostonly_mode" "$systemdutildir" "$udevdir" "$1" "${i18n_vars-none}" >"$initdir/etc/said"
  env | grep -c -e ^nasty= -e ^dropbear_port= >"$initdir/etc/exported"
}`})
	refused := []string{"BASH_ENV", "BASH_FUNC_x%%", "ENV", "IFS", "LD_PRELOAD", "PATH", "SHELLOPTS", "__functions", "__status", "a[$(id)]", "dracutbasedir", "host_devs", "initdir", "mods_to_load", "moddir", "x y"}
	conf := map[string]string{"nasty": nasty, "dropbear_port": "2222", "hostonly_mode": "strict", "systemdutildir": "/usr/share", "udevdir": "/no/such/folder"}
	for _, name := range refused {
		conf[name] = "/bad"
	}
	r, err := Run(Options{Dirs: []string{dir}, Add: []string{"w"}, Stage: stage, KVER: "6", Conf: conf})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(stage, "etc/said"))
	if got := strings.Split(string(text), "|"); len(got) != 6 || got[0] != nasty || got[1] != "strict" || got[2] != "/usr/share" || got[3] == "/no/such/folder" || got[4] != "" || got[5] != "none" {
		t.Errorf("%q", got)
	}
	if text, _ := os.ReadFile(filepath.Join(stage, "etc/exported")); string(text) != "0\n" {
		t.Errorf("%q are exported", text)
	}
	slices.Sort(refused)
	for i, name := range refused {
		if i >= len(r.Warnings) || !strings.Contains(r.Warnings[i], "\""+name+"\" of the configuration is not handed on") {
			t.Errorf("%s: %q", name, r.Warnings)
		}
	}
	if len(r.Warnings) != len(refused) {
		t.Errorf("%q", r.Warnings)
	}
}
