package archive

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecrets(t *testing.T) {
	hash := "$y$j9T$abcdefghijklmnop$qrstuvwxyz"
	files := []struct{ name, data, want string }{
		{"etc/crypttab", "root UUID=1 /keys/root.bin luks\ndata UUID=2 /link luks\nswap UUID=3 none luks\nfar UUID=4 /file:LABEL=stick luks\nhead UUID=5 none luks,header=/hd\nraw UUID=6 /dev/urandom swap\n", ""},
		{"etc/cmdline.d/20.conf", "rd.luks.key=/keys/word rd.luks.uuid=1\n", ""},
		{"etc/cmdline.d/iscsi.conf", "rd.iscsi.username=me rd.iscsi.password=pw\n", "password in rd.iscsi.password="},
		{"etc/cmdline.d/netroot.conf", "netroot=iscsi:user:pw@192.168.0.1::::iqn.x\n", "password in netroot="},
		{"etc/cmdline.d/netroot2.conf", "netroot=iscsi:@192.168.0.1::::iqn.x root=nfs:[::1]:/x\n", ""},
		{"etc/cmdline.d/cifs.conf", "root=cifs://user:pw@host/share\n", "password in root="},
		{"keys/root.bin", "\x01\x02", "key file of volume root"},
		{"keys/data", "k", "key file of volume data"},
		{"keys/word", "k", "key file of rd.luks.key="},
		{"file", "k", ""},
		{"hd", "x", "header of volume head"},
		{"some/header.img", "LUKS\xba\xbe\x00\x02", "LUKS header"},
		{"some/copy.img", "SKUL\xba\xbe\x00\x02", "LUKS header"},
		{"etc/cryptsetup-keys.d/home.key", "k", "key file of volume home"},
		{"cryptroot/keyfiles/root.key", "k", "key file of volume root"},
		{"etc/ssl/a.pem", "Bag\n-----BEGIN PRIVATE KEY-----\nabc\n", "private key"},
		{"etc/ssl/b.pem", "-----BEGIN CERTIFICATE-----\nabc\n-----BEGIN X-----\n", ""},
		{"etc/ssl/c", "-----BEGIN RSA PRIVATE KEY-----\nabc\n", "private key"},
		{"etc/ssh/ssh_host_rsa_key", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n", "SSH host key"},
		{"etc/ssh/ssh_host_rsa_key.pub", "ssh-rsa AAAA\n", ""},
		{"usr/lib/libcrypto.so.3", "\x7fELF\x00\n-----BEGIN PRIVATE KEY-----\n", ""},
		{"opt/my.key", "abc", "key, by its name"},
		{"etc/shadow", "root:*:1:0:::::\nme:" + hash + ":1::::::\n", "password hash of me"},
		{"etc/shadow-", "me:!" + hash + ":1::::::\n", "password hash of me"},
		{"etc/passwd", "root:x:0:0::/root:/bin/sh\n", ""},
		{"etc/gshadow", "root:*::\n", ""},
		{"etc/wpa_supplicant/wpa_supplicant.conf", "network={\n\tssid=\"a\"\n\tpsk=\"b\"\n}\n", "Wi-Fi password"},
		{"var/lib/iwd/home.psk", "[Security]\nPassphrase=x\n", "Wi-Fi password"},
		{"etc/NetworkManager/system-connections/a.nmconnection", "[wifi-security]\npsk=abc\n", "password of a network connection"},
		{"etc/NetworkManager/system-connections/b.nmconnection", "[ipv4]\nmethod=auto\n", ""},
		{"etc/systemd/network/wg.netdev", "[WireGuard]\nPrivateKey=x\n", "WireGuard key"},
		{"etc/iscsi/iscsid.conf", "#node.session.auth.password = password\n", ""},
		{"etc/krb5.keytab", "\x05\x02", "Kerberos keys"},
		{"var/lib/systemd/random-seed", "x", "random seed"},
		{"etc/credstore/a", "x", "credential"},
	}
	list := []Entry{{Name: "link", Kind: Symlink, Data: []byte("keys/data")}, {Name: "also", Kind: Symlink, Data: []byte("keys")}}
	seen := map[string]bool{}
	for _, f := range files {
		for dir := filepath.Dir(f.name); dir != "."; dir = filepath.Dir(dir) {
			seen[dir] = true
		}
	}
	for dir := range seen {
		list = append(list, Entry{Name: dir, Kind: Dir})
	}
	for i := 0; i < 8; i++ { // parents first, whatever the map's order was
		for dir := range seen {
			list = append(list, Entry{Name: dir, Kind: Dir})
		}
	}
	for _, f := range files {
		list = append(list, Entry{Name: f.name, Kind: Regular, Data: []byte(f.data)})
	}
	s := treeOf(t, list).Secrets()
	for _, f := range files {
		if got := s.Of(Entry{Name: f.name, Kind: Regular, Data: []byte(f.data)}); got != f.want {
			t.Errorf("%s: %q, want %q", f.name, got, f.want)
		}
	}
	if got := s.Of(Entry{Name: "also/root.bin", Kind: Regular, Data: []byte("k")}); got != "key file of volume root" {
		t.Errorf("by another way: %q", got)
	}
}

// TestRealKeys: what the real programs write.
func TestRealKeys(t *testing.T) {
	dir := t.TempDir()
	header := filepath.Join(dir, "disk")
	for _, tt := range []struct{ line, file, want string }{
		{"truncate -s 20M " + header, "", ""},
		{"cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 " + header + " /etc/debian_version", header, "LUKS header"},
	} {
		words := strings.Fields(tt.line)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v %s", tt.line, err, out)
		}
		if tt.file == "" {
			continue
		}
		data, err := readFile(tt.file, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if got := treeOf(t, nil).Secrets().Of(Entry{Name: "x", Kind: Regular, Data: data}); got != tt.want {
			t.Errorf("%s: %q", tt.line, got)
		}
	}
}
