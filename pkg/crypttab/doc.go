// Package crypttab reads what says how encrypted volumes are opened: /etc/crypttab, as systemd's crypttab(5) means it and Debian's where it says the same, and the words rd.luks.*, luks.* and
// rd.lvm.* of dracut.cmdline(7) and systemd-cryptsetup-generator(8). It is pure: it opens nothing and asks nobody.
//
// Where the three readers of these words disagree:
//
//   - A volume is LUKS. systemd takes a device without a LUKS superblock for a plain one (raw dm-crypt), so that who wipes the header gets the passphrase and a volume of noise. Here a volume is
//     plain when "plain" is written, and never otherwise.
//   - Names of mappings are limited to [A-Za-z0-9_.+-]{1,127}: they become names of nodes.
//   - An escape is a backslash and three octal digits, as Debian has them; systemd has none, and such a name would be refused anyway.
//   - rd.luks.allow-discards=U is for U alone, as its manual says. In dracut's code it is for every volume.
package crypttab
