package lvm

// Thin pools and volumes: Documentation/admin-guide/device-mapper/thin-provisioning.rst.

// maxDeviceID bounds the number of a thin volume in its pool: 24 bits.
const maxDeviceID = 1<<24 - 1

// pool makes the pool that thin volumes lie on.
func (p *planner) pool(l *LV) (string, error) {
	if len(l.Segments) != 1 || l.Segments[0].Type != "thin-pool" {
		return "", p.broken(l, "it is no thin pool")
	}
	return p.layer(l, "tpool")
}

// poolItself is a pool that is activated for its own sake: a device that nobody can write to.
func (p *planner) poolItself(l *LV) (string, error) {
	pool, err := p.pool(l)
	if err != nil {
		return "", err
	}
	if name := p.name(l, ""); p.made[name] {
		return name, nil
	}
	return p.on(l, p.uuid(l, ""), true, "linear", p.v.Sectors(l), whole(pool))
}

func (p *planner) thinPool(l *LV, seg *Segment, r *reader) (string, []Param, error) {
	p.module("dm-thin-pool")
	for i := range seg.body.entries {
		if e := &seg.body.entries[i]; e.sub != nil {
			return "", nil, p.unsupported(l, "thin pool with unsent messages (%s)", e.key)
		}
	}
	if l.has("CROP_METADATA") {
		return "", nil, p.unsupported(l, "thin pool with CROP_METADATA")
	}
	meta, err := p.sub(l, r.text("metadata"))
	if err != nil {
		return "", nil, err
	}
	data, err := p.sub(l, r.text("pool"))
	if err != nil {
		return "", nil, err
	}
	chunk := r.number32("chunk_size", 0)
	if chunk == 0 {
		r.fail("chunk_size", " is 0")
	}
	p.plan.Pools = append(p.plan.Pools, Pool{p.name(l, "tpool"), r.number("transaction_id")})
	params := words{meta, data}
	params.number(chunk)
	params.number(0) // free blocks at which the kernel says so
	params.counted(p.poolFeatures(l, r))
	return "thin-pool", params, nil
}

func (p *planner) poolFeatures(l *LV, r *reader) (out words) {
	if r.numberOr("zero_new_blocks", 0) == 0 {
		out.text("skip_block_zeroing")
	}
	switch d := r.text("discards"); d {
	case "", "passdown":
	case "nopassdown":
		out.text("no_discard_passdown")
	case "ignore":
		out.text("ignore_discard")
	default:
		r.fail("discards", " is neither passdown, nopassdown nor ignore")
	}
	if l.has("ERROR_WHEN_FULL") {
		out.text("error_if_no_space")
	}
	return out
}

func (p *planner) thin(l *LV, seg *Segment, r *reader) (string, []Param, error) {
	if r.has("merge") {
		return "", nil, p.unsupported(l, "thin snapshot %s is being merged into it", r.text("merge"))
	}
	pool := p.v.byName[r.text("thin_pool")]
	if pool == nil {
		return "", nil, p.broken(l, "its thin_pool is no volume")
	}
	dev, err := p.pool(pool)
	if err != nil {
		return "", nil, err
	}
	id := r.number("device_id")
	if id > maxDeviceID {
		r.fail("device_id", " is too large")
	}
	params := words{{Device: dev}}
	params.number(id)
	if name := r.text("external_origin"); name != "" {
		ext := p.v.byName[name]
		if ext == nil || ext == l {
			return "", nil, p.broken(l, "its external_origin is no other volume")
		}
		real, err := p.layer(ext, "real")
		if err != nil {
			return "", nil, err
		}
		params.add(Param{Device: real})
	}
	return "thin", params, nil
}

// externalOrigin makes a volume that thin volumes began as: its data lie in a layer that they share.
func (p *planner) externalOrigin(l *LV) (string, error) {
	name := p.name(l, "")
	if p.made[name] {
		return name, nil
	}
	real, err := p.layer(l, "real")
	if err != nil {
		return "", err
	}
	return p.on(l, p.uuid(l, ""), !l.has("WRITE"), "linear", p.v.Sectors(l), whole(real))
}
