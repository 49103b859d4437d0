package kmod

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// fakeKernel holds what was inserted and checks that all needs were there first.
type fakeKernel struct {
	mu     sync.Mutex
	ix     *Index
	in     map[string]bool
	log    []string                // "name params", in order of success
	tries  map[string]int          // calls of Insert by module
	fail   map[string]error        // what Insert answers
	block  map[string]chan bool    // Insert waits for it
	live   map[string]bool         // what Loaded says beforehand
	faults []string                // broken promises
	before func(name string) error // called by Insert without the lock
}

func (k *fakeKernel) Insert(path, params string, compressed bool) error {
	name := NameOf(path)
	k.mu.Lock()
	if k.tries == nil {
		k.tries, k.in = map[string]int{}, map[string]bool{}
	}
	k.tries[name]++
	err, wait := k.fail[name], k.block[name]
	if k.ix != nil {
		for _, dep := range k.ix.Deps(name) {
			if !k.in[dep] && !k.live[dep] {
				k.faults = append(k.faults, name+" before "+dep)
			}
		}
	}
	if k.in[name] {
		k.faults = append(k.faults, name+" twice")
	}
	k.mu.Unlock()
	if wait != nil {
		<-wait
	}
	if k.before != nil {
		if err := k.before(name); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.in[name] = true
	if compressed {
		params += " (compressed)"
	}
	k.log = append(k.log, strings.TrimSpace(name+" "+params))
	return nil
}

func (k *fakeKernel) InsertImage(image []byte, params string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.log = append(k.log, fmt.Sprintf("image of %d bytes %s", len(image), params))
	return nil
}

func (k *fakeKernel) Loaded(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.live[name]
}

func (k *fakeKernel) journal(t *testing.T) string {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.faults {
		t.Error("the kernel saw", f)
	}
	return strings.Join(k.log, ", ")
}

func inGoroutine(_ string, f func()) { go f() }

// ext4Like is a small machine: a chain, soft dependencies, aliases, a built-in module.
const (
	sampleDep = `kernel/ext4.ko: kernel/jbd2.ko kernel/mbcache.ko
kernel/jbd2.ko:
kernel/mbcache.ko:
kernel/crc-a.ko:
kernel/crc-b.ko:
kernel/virtio.ko:
kernel/virtio_blk.ko: kernel/virtio.ko
kernel/other.ko:
`
	sampleAlias = `alias fs-ext4 ext4
alias crypto-crc crc_a
alias crypto-crc crc_b
alias virtio:d00000002v* virtio_blk
alias virtio:d*v00001AF4 other
alias acpi:GONE gone
`
	sampleSoft = "softdep ext4 pre: crypto-crc post: other\nsoftdep mbcache pre: nobody-knows loop\n"
)

func sampleLoader(t *testing.T, policy Policy, k *fakeKernel, opt Options) *Loader {
	t.Helper()
	ix, files := testIndex(t, sampleDep, sampleAlias, sampleSoft, "kernel/loop.ko\n")
	for _, e := range DepEntries(sampleDep) {
		file, _, _ := strings.Cut(e.Value, ":")
		files[testDir+"/"+file] = file1
	}
	k.ix = ix
	return NewLoader(ix, policy, k, opt)
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		name string
		call func(*Loader) error
		want string
	}{
		{"name", func(l *Loader) error { return l.Load("ext4") }, "mbcache, jbd2, crc_a, crc_b, ext4, other"},
		{"alias", func(l *Loader) error { return l.Load("fs-ext4") }, "mbcache, jbd2, crc_a, crc_b, ext4, other"},
		{"dash", func(l *Loader) error { return l.Load("crc-a", "crc_a", "virtio-blk") }, "crc_a, virtio, virtio_blk"},
		{"device", func(l *Loader) error { return l.LoadAlias("virtio:d00000002v00001AF4") }, "other, virtio, virtio_blk"},
		{"strange device", func(l *Loader) error { return l.LoadAlias("pci:nobody") }, ""},
		{"built in", func(l *Loader) error { return l.Load("loop") }, ""},
		{"again", func(l *Loader) error { return errors.Join(l.Load("virtio_blk"), l.Load("virtio_blk", "virtio")) }, "virtio, virtio_blk"},
		{"nothing", func(l *Loader) error { return l.Load() }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &fakeKernel{}
			if err := c.call(sampleLoader(t, Policy{}, k, Options{})); err != nil {
				t.Error(err)
			}
			if got := k.journal(t); !samePermutation(got, c.want) {
				t.Errorf("loaded %q, want %q", got, c.want)
			}
		})
	}
}

// samePermutation compares lists: what order is due the fake kernel checks.
func samePermutation(a, b string) bool {
	x, y := strings.Split(a, ", "), strings.Split(b, ", ")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func TestSoftDependenciesInOrder(t *testing.T) {
	k := &fakeKernel{}
	if err := sampleLoader(t, Policy{}, k, Options{}).Load("ext4"); err != nil {
		t.Error(err)
	}
	got := k.journal(t)
	if strings.Index(got, "crc_b") > strings.Index(got, "ext4") || strings.Index(got, "other") < strings.Index(got, "ext4") {
		t.Errorf("order %q: crc_b goes before ext4, other after it", got)
	}
}

func TestPolicyOfLoader(t *testing.T) {
	p := Policy{}
	p.parse("x.conf", `blacklist other
blacklist crc-a
alias my-disk virtio-blk
alias crypto-crc off
options virtio-blk a=1
options my-disk b=2
softdep virtio pre: jbd2
`)
	p.AddCommandLine(nil, []string{"mbcache"}, map[string]string{"virtio_blk": "c=3"})
	for _, c := range []struct {
		name string
		call func(*Loader) error
		want string
		err  error
	}{
		{"alias of a blacklisted module", func(l *Loader) error { return l.LoadAlias("virtio:d00000002v00001AF4") }, "jbd2, virtio, virtio_blk a=1 c=3", nil},
		{"its own name", func(l *Loader) error { return l.Load("other") }, "other", nil},
		{"its own name for a device", func(l *Loader) error { return l.LoadAlias("other") }, "", nil},
		{"alias line and options", func(l *Loader) error { return l.Load("my-disk") }, "jbd2, virtio, virtio_blk a=1 c=3 b=2", nil},
		{"off", func(l *Loader) error { return l.Load("crypto-crc") }, "", nil},
		{"module_blacklist", func(l *Loader) error { return l.Load("ext4") }, "jbd2, other", ErrBlocked},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &fakeKernel{}
			err := c.call(sampleLoader(t, p, k, Options{}))
			if got := k.journal(t); !samePermutation(got, c.want) {
				t.Errorf("loaded %q, want %q", got, c.want)
			}
			if !errors.Is(err, c.err) || (err != nil) != (c.err != nil) {
				t.Errorf("error %v, want %v", err, c.err)
			}
		})
	}
}

func TestAlreadyThere(t *testing.T) {
	k := &fakeKernel{live: map[string]bool{"virtio": true}, fail: map[string]error{"virtio_blk": syscall.EEXIST}}
	var results []Result
	l := sampleLoader(t, Policy{}, k, Options{Report: func(r Result) { results = append(results, r) }})
	if err := l.Load("virtio_blk"); err != nil {
		t.Error(err)
	}
	k.journal(t)
	if len(results) != 2 || !results[0].Already || !results[1].Already || k.tries["virtio"] != 0 {
		t.Errorf("results %+v", results)
	}
	if r := results[1]; r.Path != "/"+testDir+"/kernel/virtio_blk.ko" || r.For != "virtio_blk" || r.Start.IsZero() {
		t.Errorf("result %+v", r)
	}
}

func TestFailureAndRetry(t *testing.T) {
	k := &fakeKernel{fail: map[string]error{"jbd2": syscall.EKEYREJECTED, "crc_a": syscall.ENODEV}}
	l := sampleLoader(t, Policy{}, k, Options{Spawn: inGoroutine})
	err := l.Load("fs-ext4", "ext4", "virtio_blk")
	var le *LoadError
	if !errors.Is(err, ErrDependency) || !errors.Is(err, syscall.EKEYREJECTED) || !errors.As(err, &le) || le.Module != "ext4" {
		t.Errorf("err = %v", err)
	}
	if n := strings.Count(err.Error(), "module ext4"); n != 1 {
		t.Errorf("ext4 is named %d times: %v", n, err)
	}
	if !strings.Contains(err.Error(), "signature") || !strings.Contains(err.Error(), "jbd2") {
		t.Errorf("not in words: %v", err)
	}
	if k.tries["ext4"] != 0 || k.tries["virtio_blk"] != 1 {
		t.Errorf("tries %v", k.tries)
	}
	k.fail = nil
	if err := l.Load("ext4"); err != nil {
		t.Errorf("second time: %v", err)
	}
	if got := k.journal(t); !strings.Contains(got, "ext4") {
		t.Error("ext4 is not in")
	}
}

func TestNoDevice(t *testing.T) {
	k := &fakeKernel{fail: map[string]error{"crc_a": syscall.ENODEV, "other": syscall.ENODEV}}
	l := sampleLoader(t, Policy{}, k, Options{})
	if err := l.Load("crypto-crc"); err != nil {
		t.Errorf("one of two is enough: %v", err)
	}
	if err := l.LoadAlias("virtio:d00000009v00001AF4"); err != nil {
		t.Errorf("a driver without its device: %v", err)
	}
	if err := l.Load("crc_a"); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("by name: %v", err)
	}
	k.fail["crc_b"] = syscall.ENODEV
	l = sampleLoader(t, Policy{}, k, Options{})
	if err := l.Load("crypto-crc"); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("none of two: %v", err)
	}
}

func TestMissing(t *testing.T) {
	k := &fakeKernel{fail: map[string]error{"virtio": syscall.ENOENT}}
	ix, _ := testIndex(t, sampleDep, sampleAlias, "", "") // no module files at all
	l := NewLoader(ix, Policy{}, k, Options{})
	err := errors.Join(l.LoadAlias("acpi:GONE", "acpi:UNKNOWN"), l.Load("zfs"), l.Load("virtio-blk"), l.Load("pci:x"))
	if !errors.Is(err, ErrNoFile) || !errors.Is(err, ErrNotFound) {
		t.Errorf("err = %v", err)
	}
	want := []Want{{"gone", "acpi:GONE"}, {"zfs", ""}, {"virtio", "virtio_blk"}}
	if got := l.Missing(); !slices.Equal(got, want) {
		t.Errorf("missing %v, want %v", got, want)
	}
}

// TestEachOnce lets many calls ask for the same modules at once.
func TestEachOnce(t *testing.T) {
	k := &fakeKernel{before: func(string) error { time.Sleep(time.Millisecond); return nil }}
	l := sampleLoader(t, Policy{}, k, Options{Spawn: inGoroutine, Report: func(Result) {}})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			var err error
			if i%2 == 0 {
				err = l.Load("ext4", "virtio_blk")
			} else {
				err = l.LoadAlias("virtio:d00000002v00001AF4", "fs-ext4")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	k.journal(t)
	for name, n := range k.tries {
		if n != 1 {
			t.Errorf("%s was inserted %d times", name, n)
		}
	}
}

// TestInParallel shows that independent modules are in the kernel's hands at the same time.
func TestInParallel(t *testing.T) {
	var now, most atomic.Int32
	k := &fakeKernel{before: func(name string) error {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		for end := time.Now().Add(5 * time.Second); most.Load() < 3 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond) // so that a fourth one would be seen
		return nil
	}}
	l := sampleLoader(t, Policy{}, k, Options{Spawn: inGoroutine, Parallel: 3})
	if err := l.Load("jbd2", "mbcache", "crc_a", "crc_b", "virtio", "other"); err != nil {
		t.Error(err)
	}
	if most.Load() != 3 {
		t.Errorf("%d at a time, Parallel is 3", most.Load())
	}
}

// TestHangingModule holds that a module that does not return holds up nobody else, and is named meanwhile.
func TestHangingModule(t *testing.T) {
	hang := make(chan bool)
	k := &fakeKernel{block: map[string]chan bool{"virtio": hang}}
	l := sampleLoader(t, Policy{}, k, Options{Spawn: inGoroutine})
	ended := make(chan error)
	go func() { ended <- l.Load("virtio_blk") }()
	for len(l.Loading()) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := l.Load("ext4"); err != nil {
		t.Error(err)
	}
	if got := l.Loading(); len(got) != 1 || got[0].Module != "virtio" || got[0].For != "virtio_blk" {
		t.Errorf("loading %+v", got)
	}
	close(hang)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := l.Loading(); len(got) != 0 {
		t.Errorf("still loading %+v", got)
	}
}

// TestSoftdepCycle starts at both ends of a cycle at once: it must neither hang nor lose one.
func TestSoftdepCycle(t *testing.T) {
	for range 200 {
		ix, files := testIndex(t, "a.ko:\nb.ko:\nc.ko:\n", "", "softdep a pre: b\nsoftdep b pre: c\nsoftdep c pre: a post: b\n", "")
		files[testDir+"/a.ko"], files[testDir+"/b.ko"], files[testDir+"/c.ko"] = file1, file1, file1
		k := &fakeKernel{ix: ix}
		l := NewLoader(ix, Policy{}, k, Options{Spawn: inGoroutine})
		var wg sync.WaitGroup
		for _, name := range []string{"a", "b", "c"} {
			wg.Go(func() {
				if err := l.Load(name); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := k.journal(t); !samePermutation(got, "a, b, c") {
			t.Fatalf("loaded %q", got)
		}
	}
}

// TestDependencyCycle is an index that no depmod writes.
func TestDependencyCycle(t *testing.T) {
	ix, _ := testIndex(t, "a.ko: b.ko\nb.ko: a.ko a.ko b.ko\n", "", "", "")
	k := &fakeKernel{}
	if err := NewLoader(ix, Policy{}, k, Options{Spawn: inGoroutine}).Load("a", "b"); err != nil {
		t.Error(err)
	}
	if got := k.journal(t); !samePermutation(got, "a, b") {
		t.Errorf("loaded %q", got)
	}
}

func TestSynchronousSpawn(t *testing.T) {
	k := &fakeKernel{}
	l := sampleLoader(t, Policy{}, k, Options{Spawn: func(_ string, f func()) { f() }})
	if err := l.Load("ext4", "virtio_blk"); err != nil {
		t.Error(err)
	}
	k.journal(t)
}

// TestPanicOfKernel holds that others do not wait for a load that panicked.
func TestPanicOfKernel(t *testing.T) {
	first := make(chan bool)
	k := &fakeKernel{block: map[string]chan bool{"virtio": first}, before: func(name string) error {
		if name == "virtio" {
			panic("a bug")
		}
		return nil
	}}
	l := sampleLoader(t, Policy{}, k, Options{})
	go func() {
		defer func() { recover() }()
		l.Load("virtio")
	}()
	for len(l.Loading()) == 0 {
		time.Sleep(time.Millisecond)
	}
	time.AfterFunc(20*time.Millisecond, func() { close(first) })
	if err := l.Load("virtio_blk"); err == nil {
		t.Error("virtio_blk is in without virtio")
	}
}

// TestRandomMachines loads random graphs from several goroutines, with failures, and checks every order.
func TestRandomMachines(t *testing.T) {
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 1))
		const n = 30
		needs := make([]map[int]bool, n)
		var dep, soft strings.Builder
		for i := range n {
			needs[i] = map[int]bool{}
			for range rng.IntN(3) {
				if i > 0 {
					d := rng.IntN(i)
					needs[i][d] = true
					for x := range needs[d] {
						needs[i][x] = true
					}
				}
			}
			fmt.Fprintf(&dep, "m%d.ko:", i)
			for d := n - 1; d >= 0; d-- { // the nearest first: a module always has a higher number than its needs
				if needs[i][d] {
					fmt.Fprintf(&dep, " m%d.ko", d)
				}
			}
			dep.WriteString("\n")
			if rng.IntN(4) == 0 {
				fmt.Fprintf(&soft, "softdep m%d pre: m%d post: m%d\n", i, rng.IntN(n), rng.IntN(n))
			}
		}
		bad := fmt.Sprintf("m%d", rng.IntN(n))
		ix, _ := testIndex(t, dep.String(), "", soft.String(), "")
		k := &fakeKernel{ix: ix, fail: map[string]error{bad: syscall.ENOEXEC}}
		l := NewLoader(ix, Policy{}, k, Options{Spawn: inGoroutine, Parallel: 1 + rng.IntN(5)})
		var wg sync.WaitGroup
		for g := range 4 {
			own := rand.New(rand.NewPCG(seed, uint64(g)))
			wg.Go(func() {
				for range 5 {
					name := fmt.Sprintf("m%d", own.IntN(n))
					err := l.Load(name)
					must := name == bad || slices.Contains(ix.Deps(name), bad)
					if (err != nil) != must {
						t.Errorf("seed %d: %s: %v", seed, name, err)
					}
				}
			})
		}
		wg.Wait()
		k.journal(t)
	}
}
