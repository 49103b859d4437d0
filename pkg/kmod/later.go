package kmod

// Helper is the program that loads modules when the initramfs is gone already (cmd/modules).
const Helper = "/usr/lib/preroot/modules"

// How the file of a module that is loaded later reaches the kernel.
const (
	asImage  = 'i' // as it is, by init_module(2)
	unpacked = 'g' // unpacked, by init_module(2)
	byKernel = 'k' // as it is, by finit_module(2), which unpacks it
)

// Later lists the modules that modaliases and words mean and that are not in the kernel, each behind those that it needs, for the helper, which has neither the index nor the policy:
// of each a letter (asImage and so on), the path of its file and its parameters, the last two with a NUL behind them. n is how many they are.
func (l *Loader) Later(modaliases, words []string) (list []byte, n int) {
	for _, s := range l.stepsOf(modaliases, words) {
		file, params, err := l.find(s)
		if err != nil || file == "" || l.kernel.Loaded(s.name) {
			continue
		}
		how := byte(asImage)
		switch kind := compression(file); kind {
		case "":
		case l.opt.Decompresses:
			how = byKernel
		case "gzip":
			how = unpacked
		default:
			continue
		}
		list = append(list, how, '/')
		list = append(append(list, file...), 0)
		list = append(append(list, params...), 0)
		n++
	}
	return list, n
}

// stepsOf plans what is not loaded, or on its way.
func (l *Loader) stepsOf(modaliases, words []string) []*step {
	requests := make([]*request, 0, len(modaliases)+len(words))
	for _, alias := range modaliases {
		requests = append(requests, l.request(alias, true))
	}
	for _, word := range words {
		requests = append(requests, l.request(word, false))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := newPlanner(l.ix, &l.policy, l.needless)
	for _, r := range requests {
		for _, name := range r.names {
			p.add(name, r.word)
		}
	}
	return p.steps
}
