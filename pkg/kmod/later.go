package kmod

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Helper is the program that loads modules when the initramfs is gone already (cmd/modules).
const Helper = "/usr/lib/preroot/modules"

// How the file of a module that is loaded later reaches the kernel.
const (
	asImage  = 'i' // as it is, by init_module(2)
	unpacked = 'g' // unpacked, by init_module(2)
	byKernel = 'k' // as it is, by finit_module(2), which unpacks it
	noMore   = 0   // this is the end of the list
)

// A Left is a module that is loaded later.
type Left struct {
	how          byte
	file, params string
}

// String is how it reaches the kernel, its file and its parameters.
func (m Left) String() string { return fmt.Sprintf("%c/%s %s", m.how, m.file, m.params) }

// Later lists the modules that modaliases and words mean and that are not in the kernel, each behind those that it needs.
func (l *Loader) Later(modaliases, words []string) (list []Left) {
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
		list = append(list, Left{how, file, params})
	}
	return list
}

// Send writes modules for the helper, which has neither the index nor the policy nor the files: of each a letter (asImage and so on), the path of its file and its parameters, these
// two with a NUL behind them, the length of the file in eight bytes, the least first, and the file; at last noMore.
func (l *Loader) Send(to io.Writer, list []Left) error {
	buf := make([]byte, 64<<10)
	for _, m := range list {
		if err := l.send(to, m, buf); err != nil {
			return fmt.Errorf("/%s: %w", m.file, err)
		}
	}
	_, err := to.Write([]byte{noMore})
	return err
}

func (l *Loader) send(to io.Writer, m Left, buf []byte) error {
	f, err := l.ix.files().Open(m.file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	head := fmt.Appendf(nil, "%c/%s\x00%s\x00", m.how, m.file, m.params)
	if _, err := to.Write(binary.LittleEndian.AppendUint64(head, uint64(info.Size()))); err != nil {
		return err
	}
	n, err := io.CopyBuffer(plainWriter{to}, io.LimitReader(f, info.Size()), buf)
	if err == nil && n < info.Size() {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// plainWriter hides what else a writer can do: a pipe would take the pages of the file themselves (splice(2)), which then are not freed with it.
type plainWriter struct{ io.Writer }

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
