package check

// systemd judges an image of dracut with systemd inside.
func (j *judge) systemd() {
	j.drivers(j.dracutWays(""))
	j.rootLink()
}
