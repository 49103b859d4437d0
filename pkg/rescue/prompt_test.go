package rescue

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// person is a terminal with somebody at it.
type person struct {
	*screen
	rows int
	keys chan string
}

func (p *person) Read(buf []byte) (int, error) {
	text, ok := <-p.keys
	if !ok {
		return 0, io.EOF
	}
	return copy(buf, text), nil
}

func (p *person) Size() (columns, rows int) { return p.columns, p.rows }

// session is a Prompt in a bubble of synctest, with the person at it.
type session struct {
	*person
	interrupt, end chan os.Signal
	ended          chan struct{}
	request        string
	err            error
}

func start(sys System, rows int) *session {
	s := &session{
		person:    &person{newScreen(80), rows, make(chan string)},
		interrupt: make(chan os.Signal), end: make(chan os.Signal), ended: make(chan struct{}),
	}
	p := Prompt{System: sys, Terminal: s.person, Interrupt: s.interrupt, End: s.end}
	go func() {
		defer close(s.ended)
		s.request, s.err = p.Run()
	}()
	synctest.Wait()
	return s
}

// enter types a text and waits until nothing moves any more; typing after the end of the session is lost.
func (s *session) enter(text string) {
	for text != "" {
		n := min(len(text), 200)
		select {
		case s.keys <- text[:n]:
		case <-s.ended:
			return
		}
		text = text[n:]
		synctest.Wait()
	}
}

// hangUp ends the session if it has not ended.
func (s *session) hangUp() {
	close(s.keys)
	<-s.ended
}

// since is what the screen shows after the last line that begins with the text.
func (s *session) since(text string) string {
	all := s.text()
	return all[max(0, strings.LastIndex(all, text)):]
}

// files is a machine of few files.
func files() fstest.MapFS {
	return fstest.MapFS{
		"proc/self/mounts":              {Data: []byte("rootfs / rootfs rw 0 0\n/dev/vda1 /my\\040disk ext4 ro,relatime 0 0\nshort\n")},
		"proc/modules":                  {Data: []byte("ext4 1052672 1 - Live 0x0\nmbcache 16384 1 ext4, Live 0x0\nx 1 -1 - Unloading 0x0 (E)\n")},
		"proc/1/stat":                   {Data: []byte("1 (init) S 0 1 1 0")},
		"proc/1/cmdline":                {Data: []byte("/init\x00quiet\x00")},
		"proc/42/stat":                  {Data: []byte("42 (a) b (c) D 2 0 0")},
		"proc/42/cmdline":               {},
		"proc/meminfo":                  {Data: []byte("MemTotal:\t 100 kB\n")},
		"run/initramfs/rdsosreport.txt": {Data: []byte("boot stopped\nreason: \x1b[2Jroot is not there\n")},
		"run/initramfs/preroot/timeline": {Data: []byte(
			"# preroot timeline 1\n1234567 1000 module virtio_blk\n2000000 3500000 wait! root\n")},
		"etc/motd":       {Data: []byte("one\ntwo\r\nthree")},
		"etc/binary":     {Data: []byte("a\x00\x1b[31mb\n\xff\n")},
		"etc/.hidden":    {},
		"etc/größe":      {Data: []byte("x")},
		"etc/two words":  {Data: []byte("quoted\n")},
		"etc/link":       {Data: []byte("motd"), Mode: fs.ModeSymlink | 0o777},
		"etc/dangling":   {Data: []byte("nowhere"), Mode: fs.ModeSymlink | 0o777},
		"sbin/fsck.ext4": {Mode: 0o755},
		"sbin/readme":    {Mode: 0o644},
	}
}

// system is a machine that notes what is done to it.
func system(done *[]string) System {
	fsys := files()
	note := func(words ...string) { *done = append(*done, strings.Join(words, " ")) }
	return System{
		Files: fsys,
		Open:  func(p string) (io.ReadCloser, error) { return fsys.Open(rel(p)) },
		KernelLog: func() string {
			return "<6>[    0.000000] Linux\n<3>[    1.500000] sda: \x1b[31mred\n<12>[    2.0] last\n"
		},
		Modprobe: func(names ...string) error {
			note(append([]string{"modprobe"}, names...)...)
			if names[0] == "nothing" {
				return errors.New("module nothing is not in this image")
			}
			return nil
		},
		Mounter: noteMounter{note},
		Mkdir:   func(p string) error { note("mkdir", p); return nil },
		Run: func(stop <-chan struct{}, out io.Writer, program string, args ...string) (int, error) {
			note(append([]string{program}, args...)...)
			_, _ = io.WriteString(out, "checking\n\x1b[1mdone")
			return len(args), nil
		},
		CheckRoot: func(value string) error {
			if value == "wrong" {
				return errors.New("root=wrong does not name a block device")
			}
			return nil
		},
	}
}

type noteMounter struct{ note func(...string) }

func (m noteMounter) Mount(source, target, fstype, options string) error {
	m.note("mount", source, target, fstype, options)
	return nil
}

func (m noteMounter) Unmount(target string) error {
	m.note("umount", target)
	if target == "/busy" {
		return syscall.EBUSY
	}
	return nil
}

// TestCommands: one line each, and what the person sees of it.
func TestCommands(t *testing.T) {
	for _, c := range []struct{ name, line, shows, does string }{
		{"nothing", "  ", "", ""},
		{"echo", `echo a  "b  c" d`, "a b  c d\n", ""},
		{"unknown", "frobnicate \x07", "frobnicate: no such command, and no program of that name in this image; \"help\" lists the commands\n", ""},
		{"report", "report", "boot stopped\nreason: \\x1b[2Jroot is not there\n", ""},
		{"timeline", "timeline", "   start s  length s\n     1.235     0.001  module virtio_blk\n     2.000     3.500  wait root FAILED\n", ""},
		{"dmesg", "dmesg", "[    0.000000] Linux\n[    1.500000] sda: \\x1b[31mred\n[    2.0] last\n", ""},
		{"dmesg of few lines", "dmesg -n 1", "[    2.0] last\n", ""},
		{"dmesg of more lines than there are", "dmesg -n 100", "[    0.000000] Linux\n[    1.500000] sda: \\x1b[31mred\n[    2.0] last\n", ""},
		{"dmesg misused", "dmesg -n x", "dmesg: write dmesg [-n LINES]\n", ""},
		{"lsmod", "lsmod", "ext4                       1052672  1\nmbcache                      16384  1 ext4\nx                                1  -1  Unloading\n", ""},
		{"ps", "ps", "  PID  PPID S NAME\n    1     0 S /init quiet\n   42     2 D [a) b (c]\n", ""},
		{"modprobe", "modprobe virtio_blk ext4", "", "modprobe virtio_blk ext4"},
		{"modprobe fails", "modprobe nothing", "modprobe: module nothing is not in this image\n", "modprobe nothing"},
		{"modprobe alone", "modprobe", "modprobe: write modprobe NAME...\n", ""},
		{"mounts", "mount", "rootfs on / type rootfs (rw)\n/dev/vda1 on /my\\040disk type ext4 (ro,relatime)\n", ""},
		{"mount", "mount -t ext4 -o ro,noload /dev/vda1 sysroot", "", "mount /dev/vda1 /sysroot ext4 ro,noload"},
		{"mount of no device", "mount -t tmpfs none /mnt", "", "mount none /mnt tmpfs "},
		{"mount misused", "mount /dev/vda1", "mount: write mount [-t TYPE] [-o OPTIONS] DEVICE DIR\n", ""},
		{"mount of a device that is not there", "mount LABEL=x /mnt", "mount: LABEL=x: no such device\n", ""},
		{"umount", "umount /mnt/ /busy", "umount: /busy: device or resource busy\n", "umount /mnt,umount /busy"},
		{"mkdir", "mkdir /a b", "", "mkdir /a,mkdir /b"},
		{"ls", "ls /etc", "binary\ndangling\ngröße\nlink\nmotd\ntwo words\n", ""},
		{"ls of all", "ls -a /etc", ".hidden\nbinary\ndangling\ngröße\nlink\nmotd\ntwo words\n", ""},
		{"ls of directories", "ls /", "etc/\nproc/\nrun/\nsbin/\n", ""},
		{"ls of two", "ls /etc/motd /sbin", "/etc/motd\n/sbin:\nfsck.ext4\nreadme\n", ""},
		{"ls of nothing", "ls /no /sbin/readme", "/sbin/readme\nls: /no: file does not exist\n", ""},
		{"ls -l", "ls -l /etc/link /sbin/fsck.ext4", "Lrwxrwxrwx          4 0001-01-01 00:00  /etc/link -> motd\n-rwxr-xr-x          0 0001-01-01 00:00  /sbin/fsck.ext4\n", ""},
		{"cat", "cat /etc/motd", "one\ntwo\nthree\n", ""},
		{"cat of what is no text", "cat /etc/binary", "a\\x00\\x1b[31mb\n\\xff\n", ""},
		{"cat of tabs", "cat /proc/meminfo", "MemTotal:        100 kB\n", ""},
		{"cat of a quoted name", `cat "/etc/two words"`, "quoted\n", ""},
		{"cat of nothing", "cat /no", "cat: /no: file does not exist\n", ""},
		{"cd to a file", "cd /etc/motd", "cd: /etc/motd is no directory\n", ""},
		{"a program", "fsck.ext4 -y", "checking\n\\x1b[1mdone\nfsck.ext4: status 1\n", "/sbin/fsck.ext4 -y"},
		{"a program by its path", "/sbin/fsck.ext4", "checking\n\\x1b[1mdone\n", "/sbin/fsck.ext4"},
		{"not a program", "/sbin/readme", "/sbin/readme: no such command, and no program of that name in this image; \"help\" lists the commands\n", ""},
		{"a root that is none", "root=wrong", "root=wrong does not name a block device\n", ""},
		{"a root without value", "root=", "no request: root=: the value is missing; write root=VALUE\n", ""},
		{"a root alone", "root", "no request: \"root\": only root=, rootfstype=, rootflags=, ro, rw, init=, resume=, resume_offset= and noresume can be given here\n", ""},
		{"another word", "root=/dev/vda1 rd.break", "no request: \"rd.break\": only root=, rootfstype=, rootflags=, ro, rw, init=, resume=, resume_offset= and noresume can be given here\n", ""},
		{"exit with more", "exit 1", "exit: write exit\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var done []string
				s := start(system(&done), 0)
				s.enter(c.line + "\r")
				_, got, _ := strings.Cut(strings.TrimPrefix(s.text(), Greeting+"\n"), "\n")
				if diff := cmp.Diff(c.shows+"preroot:/#", got); diff != "" {
					t.Error(diff)
				}
				if got := strings.Join(done, ","); got != c.does {
					t.Errorf("it did %q, want %q", got, c.does)
				}
				s.hangUp()
				if !errors.Is(s.err, ErrHungUp) || s.request != "" {
					t.Errorf("the session ended with %q, %v", s.request, s.err)
				}
			})
		})
	}
}

// TestRequests: how a session ends.
func TestRequests(t *testing.T) {
	for _, c := range []struct{ typed, request, screen string }{
		{"exit\r", "exit", "exit"},
		{"reboot\rpoweroff\r", "reboot", "reboot"},
		{"help\r\x03halt\r", "halt", "halt"},
		{"root=UUID=1234-ABCD\r", "root=UUID=1234-ABCD", ""},
		{"root=LABEL=\"my root\" rootfstype=ext4 rootflags=noload ro init=/bin/sh\r", `root=LABEL="my root" rootfstype=ext4 rootflags=noload ro init=/bin/sh`, ""},
		{"rw\r", "rw", ""},
		{"cd /etc\rcd ..\rcd sbin\rexit\r", "exit", "preroot:/# cd /etc\npreroot:/etc# cd ..\npreroot:/# cd sbin\npreroot:/sbin# exit"},
		{"echo 1\r\x1b[A\x7f2\rexit\r", "exit", "preroot:/# echo 1\n1\npreroot:/# echo 2\n2\npreroot:/# exit"},
		{"ec\thi\rcat /e\tmo\t\rexit\r", "exit", "echo hi\nhi\npreroot:/# cat /etc/motd\none\ntwo\nthree\npreroot:/# exit"},
		{"cat \"/etc/tw\t\rexit\r", "exit", "preroot:/# cat \"/etc/two words\"\nquoted\npreroot:/# exit"},
		{"\x04" + strings.Repeat("x", 700) + "\rexit\r", "exit", "the line was longer than 512 bytes: nothing was done\npreroot:/# exit"},
		{strings.Repeat("echo paste\r", 6000) + "exit\r", "exit", "preroot:/# echo paste\npaste\npreroot:/# exit"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var done []string
			s := start(system(&done), 0)
			s.enter(c.typed)
			<-s.ended
			if s.request != c.request || s.err != nil {
				t.Errorf("%q: request %q, %v", c.typed, s.request, s.err)
			}
			if _, err := ParseRequest(s.request); err != nil {
				t.Error(err)
			}
			if got := strings.TrimSpace(s.text()); !strings.HasSuffix(got, c.screen) || !strings.HasPrefix(got, Greeting) {
				t.Errorf("%q: the screen shows\n%s", c.typed, got)
			}
			if len(s.faults) > 0 {
				t.Error(s.faults)
			}
			close(s.keys)
		})
	}
}

// TestPages: tall output on a terminal that tells its height.
func TestPages(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"", "line 0\nline 1\nline 2\nline 3\n--more-- (space, Enter, q)"},
		{" ", "line 3\nline 4\nline 5\nline 6\nline 7\n--more-- (space, Enter, q)"},
		{"x\x1b[B\r", "line 3\nline 4\n--more-- (space, Enter, q)"},
		{"  ", "line 8\nline 9\npreroot:/#"},
		{"q", "line 3\npreroot:/#"},
		{"\x03", "line 3\n^C\npreroot:/#"},
		{"qexit\r", "line 3\npreroot:/# exit"},
	} {
		synctest.Test(t, func(t *testing.T) {
			sys := System{Files: files(), KernelLog: func() string {
				return "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\n"
			}}
			s := start(sys, 5)
			s.enter("dmesg\r")
			time.Sleep(time.Minute) // nobody is hurried
			for i := range c.keys {
				s.enter(c.keys[i : i+1])
			}
			if got := strings.TrimSpace(s.text()); !strings.HasSuffix(got, c.want) {
				t.Errorf("%q: the screen shows\n%s", c.keys, got)
			}
			s.hangUp()
		})
	}
}

// endless is a file that never ends, and blocks once in a while.
type endless struct{ closed chan struct{} }

func (e *endless) Read(p []byte) (int, error) {
	select {
	case <-e.closed:
		return 0, fs.ErrClosed
	case <-time.After(100 * time.Millisecond):
		return copy(p, "tick\n"), nil
	}
}

func (e *endless) Close() error {
	select {
	case <-e.closed:
	default:
		close(e.closed)
	}
	return nil
}

// TestInterrupt: Ctrl-C ends the command and not the session, as a key and as a signal.
func TestInterrupt(t *testing.T) {
	for _, how := range []string{"key", "signal"} {
		synctest.Test(t, func(t *testing.T) {
			sys := System{Files: files(), Open: func(string) (io.ReadCloser, error) { return &endless{make(chan struct{})}, nil }}
			s := start(sys, 0)
			s.enter("cat /dev/endless\r")
			time.Sleep(time.Hour)
			if got := s.text(); strings.Count(got, "tick") < 30000 || strings.Contains(got, "does not answer") {
				t.Errorf("the screen has %d lines", strings.Count(got, "\n"))
			}
			s.enter("typed before")
			if how == "key" {
				s.enter("\x03")
			} else {
				s.interrupt <- os.Interrupt
			}
			synctest.Wait()
			s.enter("echo on\r")
			if got, want := s.since("tick"), "tick\n^C\npreroot:/# "; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "echo on\non\npreroot:/#") {
				t.Errorf("%s: the screen shows\n%s", how, got)
			}
			s.hangUp()
		})
	}
}

// TestStuck: a command that the kernel does not let go costs nothing but itself.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		sys := System{Files: files(), Modprobe: func(names ...string) error {
			<-let
			return errors.New(names[0] + " gave up")
		}}
		s := start(sys, 0)
		s.enter("modprobe slow\r")
		time.Sleep(8 * time.Second)
		if got := s.text(); !strings.HasSuffix(got, "modprobe slow\n") {
			t.Errorf("too early:\n%s", got)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		s.enter("echo ali")
		if got := s.text(); !strings.HasSuffix(got, "modprobe: the kernel does not answer; this goes on by itself, and its result will be told\npreroot:/# echo ali") {
			t.Errorf("the screen shows\n%s", got)
		}
		close(let)
		synctest.Wait()
		s.enter("ve\r")
		if got := s.text(); !strings.HasSuffix(got, "told\nmodprobe: slow gave up\npreroot:/# echo alive\nalive\npreroot:/#") {
			t.Errorf("the screen shows\n%s", got)
		}
		s.hangUp()
	})
}

// TestStuckBound: after sixteen of them no other is begun, until one ends; Ctrl-C makes it quick.
func TestStuckBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		begun := 0
		sys := System{Files: files(), Modprobe: func(...string) error { begun++; <-let; return nil }}
		s := start(sys, 0)
		for range 20 {
			s.enter("modprobe x\r")
			s.enter("\x03")
			time.Sleep(4 * time.Second)
			synctest.Wait()
		}
		if got := s.text(); begun != maxBehind || strings.Count(got, "this one is not begun") != 4 {
			t.Errorf("%d begun:\n%s", begun, got)
		}
		close(let)
		synctest.Wait()
		s.enter("echo on\r")
		if got := s.text(); strings.Count(got, "modprobe: ") != 2*maxBehind || !strings.HasSuffix(got, "on\npreroot:/#") {
			t.Errorf("%d results:\n%s", strings.Count(got, "modprobe: "), got)
		}
		s.hangUp()
	})
}

// TestBroken: a panic in a command costs that command.
func TestBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := System{Files: files(), Modprobe: func(...string) error { panic("ouch\x1b[2J") }}
		s := start(sys, 0)
		s.enter("modprobe x\recho on\r")
		got := s.text()
		if !strings.Contains(got, "modprobe: internal error: panic: ouch\\x1b[2J") || !strings.HasSuffix(got, "on\npreroot:/#") {
			t.Errorf("the screen shows\n%s", got)
		}
		s.hangUp()
	})
}

// TestEnd: a signal ends the session without a request, also in the middle of a command.
func TestEnd(t *testing.T) {
	for _, typed := range []string{"", "ex", "cat /dev/endless\r"} {
		synctest.Test(t, func(t *testing.T) {
			sys := System{Files: files(), Open: func(string) (io.ReadCloser, error) { return &endless{make(chan struct{})}, nil }}
			s := start(sys, 0)
			s.enter(typed)
			s.end <- syscall.SIGHUP
			<-s.ended
			if s.err == nil || s.request != "" {
				t.Errorf("%q: %q, %v", typed, s.request, s.err)
			}
			close(s.keys)
		})
	}
}
