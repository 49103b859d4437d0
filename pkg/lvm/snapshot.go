package lvm

// Snapshots of the old kind: Documentation/admin-guide/device-mapper/snapshot.rst. The data of the origin lie in "-real", what a snapshot has kept
// of them in "-cow".

// origin makes an origin with all its snapshots. The origin comes last: nothing writes to it while a snapshot is not there yet.
func (p *planner) origin(l *LV, snapshots []snapshot) (string, error) {
	name := p.name(l, "")
	if p.made[name] {
		return name, nil
	}
	p.module("dm-snapshot")
	real, err := p.layer(l, "real")
	if err != nil {
		return "", err
	}
	for _, s := range snapshots {
		if s.merging {
			return "", p.unsupported(l, "snapshot %s is being merged into it", s.cow.Name)
		}
		if err := p.snapshot(l, s, real); err != nil {
			return "", err
		}
	}
	return p.on(l, p.uuid(l, ""), !l.has("WRITE"), "snapshot-origin", p.v.Sectors(l), words{{Device: real}})
}

func (p *planner) snapshot(l *LV, s snapshot, real string) error {
	if s.chunk == 0 {
		return p.broken(s.cow, "chunk_size of the snapshot is 0")
	}
	if r := p.v.as(s.cow); len(r.snapshots) > 0 || r.external {
		return p.unsupported(s.cow, "a snapshot that is an origin itself")
	}
	cow, err := p.layer(s.cow, "cow")
	if err != nil {
		return err
	}
	params := words{{Device: real}, {Device: cow}, {Text: "P"}} // P: it outlives the boot
	params.number(s.chunk)
	_, err = p.on(s.cow, p.uuid(s.cow, ""), !s.cow.has("WRITE"), "snapshot", s.extents*p.v.ExtentSize, params)
	return err
}
