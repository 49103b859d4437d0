package archive

import (
	"bytes"
	"path"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/crypttab"
)

// Secrets knows which members of an image are secrets. An image with one belongs to root alone.
type Secrets struct {
	tree  *Tree
	files map[string]string // by name without links: what a configuration says of it
}

// Secrets reads the configuration of the image: what crypttab and the kernel parameters say are key files.
func (t *Tree) Secrets() *Secrets {
	s := &Secrets{t, map[string]string{}}
	for _, file := range []string{"etc/crypttab", "cryptroot/crypttab"} { // the second is of Debian's cryptsetup-initramfs
		text, err := t.ReadFile(file)
		if err != nil {
			continue
		}
		volumes, _ := crypttab.Parse(file, string(text))
		for _, v := range volumes {
			s.note(v.Key, "key file of volume "+v.Name)
			s.note(v.Options.Header, "header of volume "+v.Name)
		}
	}
	sources, _ := cmdline.Read(t)
	words, _ := crypttab.ReadWords(sources.Params())
	for _, k := range words.Keys {
		s.note(k.File, "key file of rd.luks.key=")
	}
	return s
}

// note marks a file of the image.
func (s *Secrets) note(l crypttab.Location, what string) {
	if l.Path == "" || l.Device != "" {
		return
	}
	if name, err := s.tree.Resolve(l.Path); err == nil && s.files[name] == "" {
		s.files[name] = what
	}
}

// Of says what secret a member is, "" for none.
func (s *Secrets) Of(e Entry) string {
	if e.Kind != Regular {
		return ""
	}
	if name, err := s.tree.resolve("resolve", e.Name, false); err == nil && s.files[name] != "" {
		return s.files[name]
	}
	for _, r := range secretRules {
		if what := r(e); what != "" {
			return what
		}
	}
	return ""
}

// secretRules know secrets by name and content, each those of one program.
var secretRules = [...]func(Entry) string{luksSecret, volumeKey, privateKey, dropbearKey, passwordHash, networkPassword, parameterPassword, otherSecret}

// luksSecret knows headers: LUKS1 and LUKS2, and the second copy of LUKS2 (pkg/luks).
func luksSecret(e Entry) string {
	if bytes.HasPrefix(e.Data, []byte("LUKS\xba\xbe")) || bytes.HasPrefix(e.Data, []byte("SKUL\xba\xbe")) {
		return "LUKS header"
	}
	return ""
}

// volumeKey knows the folders where systemd-cryptsetup and Debian's cryptsetup-initramfs look for key files.
func volumeKey(e Entry) string {
	if in(e, "cryptsetup-keys.d") || strings.HasPrefix(e.Name, "cryptroot/keyfiles/") {
		return "key file of volume " + strings.TrimSuffix(path.Base(e.Name), ".key")
	}
	return ""
}

// in says whether a member lies in a folder of a name.
func in(e Entry, dir string) bool { return path.Base(path.Dir(e.Name)) == dir }

// privateKey knows keys in PEM, whatever their name is, and what its name calls a key.
func privateKey(e Entry) string {
	base := path.Base(e.Name)
	head := firstText(e.Data)
	begin := strings.Index("\n"+head, "\n-----BEGIN ")
	switch {
	case begin >= 0 && strings.Contains(line(head[begin:]), "PRIVATE KEY") && strings.HasPrefix(base, "ssh_host_"):
		return "SSH host key"
	case begin >= 0 && strings.Contains(line(head[begin:]), "PRIVATE KEY"):
		return "private key"
	case begin < 0 && strings.HasSuffix(base, ".key") && len(e.Data) > 0:
		return "key, by its name"
	}
	return ""
}

// firstText is the beginning of a text, "" for a file with a NUL byte there: programs hold the words of all formats.
func firstText(data []byte) string {
	const much = 64 << 10
	data = data[:min(len(data), much)]
	if bytes.IndexByte(data, 0) >= 0 {
		return ""
	}
	return string(data)
}

func line(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return text
}

// dropbearKey knows host keys in dropbear's form: the name of the kind behind its length. Public keys are text.
func dropbearKey(e Entry) string {
	for _, kind := range []string{"\x00\x00\x00\x07ssh-rsa", "\x00\x00\x00\x07ssh-dss", "\x00\x00\x00\x0bssh-ed25519", "\x00\x00\x00\x13ecdsa-sha2-nistp"} {
		if bytes.HasPrefix(e.Data, []byte(kind)) {
			return "dropbear host key"
		}
	}
	return ""
}

// passwordHash knows shadow(5), gshadow(5) and passwd(5) with a hash in the second field.
func passwordHash(e Entry) string {
	if base := strings.TrimSuffix(path.Base(e.Name), "-"); base != "shadow" && base != "gshadow" && base != "passwd" {
		return ""
	}
	for l := range strings.SplitSeq(firstText(e.Data), "\n") {
		// "*", "!" and "x" are none; a hash behind "!" is still one. The shortest, of DES, has 13 characters.
		if f := strings.Split(l, ":"); len(f) >= 4 && len(f[1]) >= 13 {
			return "password hash of " + printable(f[0])
		}
	}
	return ""
}

// networkPassword knows the files of wpa_supplicant, iwd, NetworkManager, systemd-networkd, WireGuard and open-iscsi.
func networkPassword(e Entry) string {
	base, text := path.Base(e.Name), firstText(e.Data)
	switch {
	case strings.HasPrefix(base, "wpa_supplicant") && setsAny(text, "psk", "password", "wep_key0", "sae_password"), in(e, "iwd") && setsAny(text, "PreSharedKey", "Passphrase", "EAP-Password"):
		return "Wi-Fi password"
	case (strings.HasSuffix(base, ".nmconnection") || in(e, "system-connections")) && setsAny(text, "psk", "password", "wep-key0", "private-key-password", "leap-password"):
		return "password of a network connection"
	case (strings.HasSuffix(base, ".netdev") || in(e, "wireguard")) && setsAny(text, "PrivateKey", "PresharedKey", "Key"):
		return "WireGuard key"
	case strings.HasPrefix(base, "iscsid.conf") && setsAny(text, "node.session.auth.password", "node.session.auth.password_in", "discovery.sendtargets.auth.password"):
		return "iSCSI password"
	}
	return ""
}

// setsAny says whether a line of a text gives any of the names a value.
func setsAny(text string, names ...string) bool {
	for l := range strings.SplitSeq(text, "\n") {
		name, value, ok := strings.Cut(l, "=")
		if !ok || strings.TrimSpace(value) == "" {
			continue
		}
		for _, n := range names {
			if strings.TrimSpace(name) == n {
				return true
			}
		}
	}
	return false
}

// parameterPassword knows kernel parameters with a password in them (dracut.cmdline(7): iSCSI, CIFS).
func parameterPassword(e Entry) string {
	if !in(e, "cmdline.d") && e.Name != "etc/cmdline" {
		return ""
	}
	for _, w := range cmdline.Split(firstText(e.Data)) {
		_, host, url := strings.Cut(w.Value, "://")
		user, _, named := strings.Cut(host, "@")
		switch {
		case w.Value == "":
		case w.Key == "rd.iscsi.password", w.Key == "rd.iscsi.in.password", w.Key == "cifspass", url && named && strings.Contains(user, ":"), strings.HasPrefix(w.Value, "iscsi:") && strings.Contains(w.Value, "@") && strings.Count(line(strings.SplitN(w.Value, "@", 2)[0]), ":") > 1:
			return "password in " + w.Key + "="
		}
	}
	return ""
}

// otherSecret knows what is left by its name.
func otherSecret(e Entry) string {
	switch base := path.Base(e.Name); {
	case len(e.Data) == 0:
	case strings.HasSuffix(base, ".keytab"):
		return "Kerberos keys"
	case base == "random-seed":
		return "random seed"
	case in(e, "credstore") || in(e, "credstore.encrypted"):
		return "credential"
	}
	return ""
}
