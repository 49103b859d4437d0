package nfsroot

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseAddresses(t *testing.T) {
	const client, gateway = 0x0a090902, 0x0a0909fe
	for text, want := range map[string]Root{
		"10.9.9.2":                 {Prefix: 8},
		"10.9.9.2:10.9.9.1":        {Server: "10.9.9.1", Prefix: 8},
		"10.9.9.2:::255.255.255.0": {Prefix: 24},
		"10.9.9.2:10.9.9.1:10.9.9.254:255.255.0.0:":                                                    {Server: "10.9.9.1", Gateway: gateway, Prefix: 16},
		"10.9.9.2:0.0.0.0:0.0.0.0:0.0.0.0:h":                                                           {Prefix: 8, Hostname: "h"},
		"10.9.9.2::10.9.9.254:255.255.255.255:idefix.example.org:eth1:none:10.0.0.1:10.0.0.2:10.0.0.3": {Gateway: gateway, Prefix: 32, Hostname: "idefix", Domain: "example.org", Device: "eth1"},
		"10.9.9.2:::128.0.0.0:h:eth0:off":                                                              {Prefix: 1, Hostname: "h", Device: "eth0"},
		"10.9.9.2::::::static":                                                                         {Prefix: 8},
		"10.9.9.2::::::":                                                                               {Prefix: 8},
		"172.16.0.1":                                                                                   {Client: "172.16.0.1", Address: 0xac100001, Prefix: 16},
		"193.8.232.2:193.8.232.7::::":                                                                  {Client: "193.8.232.2", Address: 0xc108e802, Server: "193.8.232.7", Prefix: 24},
	} {
		if want.Client == "" {
			want.Client, want.Address = "10.9.9.2", client
		}
		var got Root
		if bad := got.parseAddresses(text); bad != "" || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %s; want %+v", text, got, bad, want)
		}
	}
}

func TestParseAddressesRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                         `client "" is not an IPv4 address; none is asked for`,
		"dhcp":                     `client "dhcp" is not an IPv4 address; none is asked for`,
		"off":                      `client "off" is not`,
		"eth0:dhcp":                `client "eth0" is not`,
		"::::h:eth0:dhcp":          `autoconf "dhcp" is not off, none or static; no address is asked for`,
		"10.0.0.1::::::bootp":      `autoconf "bootp" is not`,
		"::::h:eth0":               `client "" is not`,
		"0.0.0.0":                  `client "0.0.0.0" is not`,
		"10.0.0":                   `client "10.0.0" is not`,
		"10.0.0.0.1":               `client "10.0.0.0.1" is not`,
		"10.0.0.256":               `client "10.0.0.256" is not`,
		"10.0.0.01":                `client "10.0.0.01" is not`,
		"10.0.0.+1":                `client "10.0.0.+1" is not`,
		"10.0.0.":                  `client "10.0.0." is not`,
		"10.0.0.1:server":          `server "server" is not`,
		"10.0.0.1::10.1":           `gateway "10.1" is not`,
		"10.0.0.1:::24":            `netmask "24" is not an IPv4`,
		"10.0.0.1:::255.0.255.0":   `netmask "255.0.255.0" is not a row`,
		"10.0.0.1:::127.255.255.0": `netmask "127.255.255.0" is not a row`,
		"10.0.0.1:::::::1.2.3":     `dns0 "1.2.3" is not`,
		"10.0.0.1:::::::::x.y":     `ntp0 "x.y" is not`,
		"224.0.0.1":                `netmask "224.0.0.1" is not`,
		"255.0.0.1:::":             `netmask "" is not`,
		"10.0.0.1:::::::::::none":  `eleventh "" is not one of`,
	} {
		var n Root
		if bad := n.parseAddresses(text); !strings.HasPrefix(bad, want) {
			t.Errorf("%q: %+v, %q; want %q", text, n, bad, want)
		}
	}
}

func TestBroadcastAndRoute(t *testing.T) {
	const client, server, far = 0x0a090902, 0x0a090901, 0x0a020202
	for _, c := range []struct {
		addresses                   string
		broadcast, network, gateway uint32
		prefix                      int
	}{
		{"10.9.9.2:10.9.9.1::255.255.255.0", 0x0a0909ff, 0, 0, 0},
		{"10.9.9.2:10.9.9.1::255.255.255.254", 0x0a090903, server, 0, 32},
		{"10.9.9.2:10.9.9.1:10.9.9.254:255.255.255.0", 0x0a0909ff, 0, 0x0a0909fe, 0},
		{"10.9.9.2:10.2.2.2:10.1.1.1:255.255.255.0", 0x0a0909ff, 0, 0x0a010101, 0},
		{"10.9.9.2:10.2.2.2::255.255.255.0", 0x0a0909ff, far, 0, 32},
		{"10.9.9.2:10.2.2.2::128.0.0.0", 0x7fffffff, 0, 0, 0},
		{"10.9.9.2:10.2.2.2::255.255.255.255", client, far, 0, 32},
	} {
		n, err := Parse("/r", c.addresses)
		if err != nil {
			t.Fatal(err)
		}
		if network, prefix, gateway := n.Route(); n.Broadcast() != c.broadcast || network != c.network || prefix != c.prefix || gateway != c.gateway {
			t.Errorf("%s: broadcast %#x, route %#x/%d via %#x", c.addresses, n.Broadcast(), network, prefix, gateway)
		}
	}
}

func TestParse(t *testing.T) {
	const v3, v4, mine = "vers=3,nolock,addr=10.9.9.1", "vers=4.2,nolock,addr=10.9.9.1", ",nolock,addr=10.9.9.1"
	const all, all4 = "vers=3 vers=4.2 vers=4.1 vers=4.0", "vers=4.2 vers=4.1 vers=4.0"
	for _, c := range []struct {
		name, addresses, source, versions, options string
	}{
		{"/srv/root", "10.9.9.2:10.9.9.1", "10.9.9.1:/srv/root", all, v3},
		{"/srv/root\n", "10.9.9.2:10.9.9.1\n", "10.9.9.1:/srv/root", all, v3},
		{"10.9.9.7:/srv/root", "10.9.9.2:10.9.9.1", "10.9.9.7:/srv/root", all, strings.ReplaceAll(v3, "9.1", "9.7")},
		{"10.9.9.1:/a:b", "10.9.9.2", "10.9.9.1:/a:b", all, v3},
		{"/a:b", "10.9.9.2:10.9.9.1", "10.9.9.1:/a:b", all, v3},
		{"/r,vers=4.2", "10.9.9.2:10.9.9.1", "10.9.9.1:/r", "vers=4.2", v4},
		{"/r,nfsvers=3", "10.9.9.2:10.9.9.1", "10.9.9.1:/r", "nfsvers=3", "nfs" + v3},
		{"/r,v4", "10.9.9.2:10.9.9.1", "10.9.9.1:/r", all4, v4},
		{"/r,hard,nfsvers=4,vers=4", "10.9.9.2:10.9.9.1", "10.9.9.1:/r", all4, "hard," + v4},
		{"/r,v3,nolock,hard,addr=1.2.3.4", "10.9.9.2:10.9.9.1", "10.9.9.1:/r", "v3", "nolock,hard,addr=1.2.3.4,v3" + mine},
		{"/r,lock,udp,vers=3", "10.9.9.2:10.9.9.1", "10.9.9.1:/r", "vers=3", "lock,udp," + v3},
		{"/r,vers=3,vers=4.0,,volatile", "10.9.9.2:10.9.9.1", "10.9.9.1:/r", "vers=4.0", "volatile,vers=4.0" + mine},
		{"", "10.9.9.2:10.9.9.1", "10.9.9.1:/tftpboot/10.9.9.2", all, v3},
		{"10.9.9.1:default,v3", "10.9.9.2::::idefix.gallia", "10.9.9.1:/tftpboot/idefix", "v3", "v3" + mine},
		{",v3", "10.9.9.2:10.9.9.1", "10.9.9.1:/tftpboot/10.9.9.2", "v3", "v3" + mine},
		{"default", "10.9.9.2:10.9.9.1", "10.9.9.1:/tftpboot/default", all, v3},
		{"idefix", "10.9.9.2:10.9.9.1", "10.9.9.1:/tftpboot/idefix", all, v3},
		{"/exports/%s/root", "10.9.9.2:10.9.9.1:::idefix", "10.9.9.1:/exports/idefix/root", all, v3},
	} {
		n, err := Parse(c.name, c.addresses)
		if err != nil {
			t.Errorf("%q %q: %v", c.name, c.addresses, err)
			continue
		}
		if n.Source() != c.source || strings.Join(n.Versions, " ") != c.versions || n.MountOptions(n.Versions[0]) != c.options {
			t.Errorf("%q %q: %s, %q, %s; want %s, %s, %s", c.name, c.addresses, n.Source(), n.Versions, n.MountOptions(n.Versions[0]), c.source, c.versions, c.options)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"/r":         `nfsroot=/r: server "" is not an IPv4 address`,
		"0.0.0.0:/r": `server "0.0.0.0" is not an IPv4 address`,
		"10.9.9:/r":  `server "10.9.9" is not an IPv4 address`,
		"10.9.9.1:r": `path "r" is not one from /`,
		"10.9.9.1:/" + strings.Repeat("r", maxPath): "is not one from / of at most 1024 bytes",
	} {
		n, err := Parse(name, "10.9.9.2")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want %q in it", name, n, err, want)
		}
	}
	if _, err := Parse("/r", "x.y"); err == nil || !strings.HasPrefix(err.Error(), `ip=x.y: client "x.y"`) {
		t.Errorf("bad addresses: %v", err)
	}
}

// FuzzParse: whatever stands in the texts, what comes out is an address of ours and of a server, a network that holds us, a path from the root, a version to try,
// and options that end with our own words, so that no word of the text can take the server's address away.
func FuzzParse(f *testing.F) {
	f.Add("10.9.9.1:/srv/%s,vers=3", "10.9.9.2::10.9.9.254:255.255.255.0:h.d:eth0:off")
	f.Add("10.9.9.1:default,v4,minorversion=2,addr=1.2.3.4", "193.8.232.2:193.8.232.7::255.255.255.128")
	f.Add("h,udp", "10.0.0.1:10.0.0.2:::::none:1.1.1.1:2.2.2.2:3.3.3.3")
	f.Fuzz(func(t *testing.T, name, addresses string) {
		n, err := Parse(name, addresses)
		if err != nil {
			return
		}
		if back, ok := parseIPv4(n.Client); !ok || back != n.Address || n.server == 0 || n.Prefix < 1 || n.Prefix > 32 || n.Broadcast() < n.Address {
			t.Errorf("%q %q: %+v", name, addresses, n)
		}
		if _, ok := parseIPv4(n.Server); !ok || n.Path[0] != '/' || len(n.Path) > maxPath || len(n.Versions) == 0 {
			t.Errorf("%q: server %q, path %q, versions %q", name, n.Server, n.Path, n.Versions)
		}
		network, prefix, gateway := n.Route()
		reached := n.server>>(32-n.Prefix) == n.Address>>(32-n.Prefix)
		if !reached && gateway == 0 && (network != n.server || prefix != 32) {
			t.Errorf("%q %q: no way to the server: %#x/%d via %#x", name, addresses, network, prefix, gateway)
		}
		for _, v := range n.Versions {
			if o := n.MountOptions(v); !strings.HasSuffix(o, v+",nolock,addr="+n.Server) || strings.Contains(v, ",") {
				t.Errorf("%q %q: %q", name, addresses, o)
			}
		}
	})
}
