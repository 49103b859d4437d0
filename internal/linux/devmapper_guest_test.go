//go:build guest

package linux

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestGuestMapper makes a mapping by a real device-mapper, with a key from the keyring if it can, and takes it away.
func TestGuestMapper(t *testing.T) {
	m, err := OpenMapper()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	v, err := m.Version()
	if err != nil || v[0] != 4 {
		t.Fatalf("version %v, %v", v, err)
	}
	const name, renamed, uuid = "preroot-test", "preroot-test2", "PREROOT-test"
	made, err := m.Create(name, uuid)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Remove(name, true)
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	if _, err := m.Create(name, ""); !errors.Is(err, unix.EBUSY) {
		t.Errorf("made twice: %v", err)
	}
	must("load", m.Load(name, []MapperTarget{{0, 8, "zero", nil}, {8, 8, "error", nil}}, MapperLoad{}))
	must("resume", m.Resume(name, MapperPrimary))
	d, err := m.Device(name)
	if err != nil || d.UUID != uuid || !d.Active || d.Suspended || d.Targets != 2 || d.Minor != made.Minor || d.Major != made.Major {
		t.Errorf("%+v, %v; made %+v", d, err, made)
	}
	if table, err := m.Table(name); err != nil || len(table) != 2 || table[1].Type != "error" || table[1].Start != 8 {
		t.Errorf("table %+v, %v", table, err)
	}
	list, err := m.List()
	if err != nil || !slices.ContainsFunc(list, func(d MapperDevice) bool { return d.Name == name && d.Minor == made.Minor }) {
		t.Errorf("list %+v, %v", list, err)
	}
	must("suspend", m.Suspend(name, false))
	if d, _ := m.Device(name); !d.Suspended {
		t.Error("not suspended")
	}
	must("resume again", m.Resume(name, MapperPrimary))
	must("rename", m.Rename(name, renamed, MapperPrimary))
	if _, err := m.Device(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old name: %v", err)
	}
	guestCrypt(t, m, d)
	guestKeep(t, m, renamed, d)
	must("remove", m.Remove(renamed, false))
	if _, err := m.Device(renamed); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed: %v", err)
	}
}

// guestKeep takes a deferred remove back.
func guestKeep(t *testing.T, m *Mapper, name string, d MapperDevice) {
	f, err := os.Open(fmt.Sprintf("/dev/dm-%d", d.Minor))
	if err != nil {
		t.Fatal(err)
	}
	err = m.Remove(name, true)
	leaving, err2 := m.Device(name)
	err3 := m.Keep(name)
	kept, err4 := m.Device(name)
	f.Close()
	_, err5 := m.Device(name)
	if err := errors.Join(err, err2, err3, err4, err5); err != nil || !leaving.Leaving || kept.Leaving {
		t.Errorf("%v; leaving %v, kept %v", err, leaving.Leaving, kept.Leaving)
	}
}

// guestCrypt puts dm-crypt on a mapping, once with the key in the table, once with it in the keyring.
func guestCrypt(t *testing.T, m *Mapper, under MapperDevice) {
	version, ok, err := m.TargetVersion("crypt")
	t.Logf("crypt %v, loaded %v, %v", version, ok, err)
	const name, keyName = "preroot-crypt", "cryptsetup:preroot-d0"
	on := " 0 " + unixNumber(under) + " 0"
	key := bytes.Repeat([]byte{7}, 64)
	for _, text := range []string{"aes-xts-plain64 " + hex.EncodeToString(key), "aes-xts-plain64 :64:logon:" + keyName} {
		if _, err := m.Create(name, ""); err != nil {
			t.Fatal(err)
		}
		err := WithLogonKey(keyName, key, func() error {
			return m.Load(name, []MapperTarget{{0, 8, "crypt", []byte(text + on)}}, MapperLoad{Secret: true})
		})
		if err == nil {
			err = m.Resume(name, MapperPrimary)
		}
		if err != nil {
			t.Errorf("%.40s: %v", text, err)
		}
		table, err := m.Table(name)
		if err == nil && len(table) > 0 {
			t.Logf("table %s", table[0].Params)
		}
		if err := m.Remove(name, false); err != nil {
			t.Error(err)
		}
	}
}

func unixNumber(d MapperDevice) string {
	return strings.Join([]string{itoa(d.Major), itoa(d.Minor)}, ":")
}

func itoa(n uint32) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}
