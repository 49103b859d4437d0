package unlock

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/preroot/preroot/internal/linux"
)

// plymouthd is a model of the real one, which test/qemu asks.
type plymouthd struct {
	net.Conn
	asked []string
	// question has what a question is replied; what is empty is not replied. Later replies go to later questions.
	question []string
	after    time.Duration // before each reply to a question
	pings    int           // so many are answered; 0 is all
	seen     int
}

// serve answers until the connection ends, or for "die" ends it.
func (d *plymouthd) serve() {
	defer d.Close()
	in := bufio.NewReader(d)
	for {
		request, argument, err := readRequest(in)
		switch {
		case err != nil:
			return
		case request == plymouthPing:
			if d.seen++; d.pings == 0 || d.seen <= d.pings {
				d.Write([]byte{plymouthDone})
			}
		case request == plymouthPassword:
			d.asked = append(d.asked, argument)
			reply := d.question[0]
			d.question = d.question[1:]
			go func() { // pings are answered meanwhile
				time.Sleep(d.after)
				if reply == "die" {
					d.Close()
				} else if reply != "" {
					d.Write([]byte(reply))
				}
			}()
		default:
			d.Write([]byte{plymouthRefused})
		}
	}
}

// readRequest reads as src/ply-boot-server.c of plymouth does.
func readRequest(in *bufio.Reader) (request byte, argument string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil || head[1] != 2 {
		return head[0], "", err
	}
	n, err := in.ReadByte()
	if err != nil {
		return 0, "", err
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(in, text); err != nil {
		return 0, "", err
	}
	if n == 0 || text[n-1] != 0 {
		return 0, "", fmt.Errorf("argument %q", text)
	}
	return head[0], string(text[:n-1]), nil
}

// typed is a reply with an answer.
func typed(text string) string {
	return string(binary.LittleEndian.AppendUint32([]byte{plymouthAnswer}, uint32(len(text)))) + text
}

const nobody = string(rune(plymouthNobody))

func TestPlymouthAsks(t *testing.T) {
	const late = time.Hour
	for _, c := range []struct {
		name     string
		d        plymouthd
		consoles map[string]*console // by path
		files    []string
		want     string
		err      error
		took     time.Duration
		left     string // the consoles that were asked
		says     string
	}{
		{name: "it has all", d: plymouthd{question: []string{typed("abc")}, after: 3 * time.Second}, consoles: map[string]*console{"/dev/tty1": {}, "/dev/ttyS0": {}}, files: []string{"/dev/tty1", "/dev/ttyS0"},
			want: "abc", took: 3 * time.Second, says: "plymouthd asks on /dev/tty1, /dev/ttyS0"},
		{name: "a serial line that it has not", d: plymouthd{question: []string{""}}, consoles: map[string]*console{"/dev/tty1": {}, "/dev/ttyS0": {after: 5 * time.Second, line: "serial"}}, files: []string{"/dev/tty1"},
			want: "serial", took: 5 * time.Second, left: "/dev/ttyS0", says: "plymouthd asks on /dev/tty1"},
		{name: "its answer before that", d: plymouthd{question: []string{typed("vt")}, after: 4 * time.Second}, consoles: map[string]*console{"/dev/tty1": {}, "/dev/ttyS0": {after: 5 * time.Second, line: "serial"}}, files: []string{"/dev/tty1"},
			want: "vt", took: 4 * time.Second, left: "/dev/ttyS0"},
		{name: "long after", d: plymouthd{question: []string{typed("late")}, after: late + time.Second}, consoles: map[string]*console{"/dev/tty1": {}}, files: []string{"/dev/tty1"}, want: "late", took: late + time.Second},
		{name: "nothing typed", d: plymouthd{question: []string{typed("")}}, consoles: map[string]*console{"/dev/tty1": {}}, files: []string{"/dev/tty1"}},
		{name: "Ctrl-C", d: plymouthd{question: []string{typed("\x03")}}, consoles: map[string]*console{"/dev/tty1": {}}, files: []string{"/dev/tty1"}, err: linux.ErrSecretCanceled},
		{name: "512 bytes", d: plymouthd{question: []string{typed(strings.Repeat("x", 512))}}, consoles: map[string]*console{"/dev/tty1": {}}, files: []string{"/dev/tty1"}, want: strings.Repeat("x", 512)},
		{name: "513 bytes", d: plymouthd{question: []string{typed(strings.Repeat("x", 513))}}, consoles: map[string]*console{"/dev/tty1": {}}, files: []string{"/dev/tty1"}, err: linux.ErrSecretTooLong},
		{name: "no splash", d: plymouthd{question: []string{nobody}}, consoles: map[string]*console{"/dev/tty1": {after: time.Second, line: "x"}, "/dev/ttyS0": {}}, files: []string{"/dev/tty1", "/dev/ttyS0"},
			want: "x", took: time.Second, left: "/dev/tty1 /dev/ttyS0", says: "plymouthd does not ask (it shows no splash): asking on /dev/tty1, /dev/ttyS0"},
		{name: "dies", d: plymouthd{question: []string{"die"}, after: 5 * time.Second}, consoles: map[string]*console{"/dev/tty1": {after: time.Second, line: "x"}}, files: []string{"/dev/tty1"},
			want: "x", took: 6 * time.Second, left: "/dev/tty1", says: "plymouthd does not ask (EOF): asking on /dev/tty1"},
		{name: "dies in its answer", d: plymouthd{question: []string{typed("abc")[:6]}}, consoles: map[string]*console{"/dev/tty1": {after: time.Second, line: "x"}}, files: []string{"/dev/tty1"},
			want: "x", took: 3 * time.Second, left: "/dev/tty1"},
		{name: "hangs", d: plymouthd{pings: -1}, consoles: map[string]*console{"/dev/tty1": {after: time.Second, line: "x"}}, files: []string{"/dev/tty1"},
			want: "x", took: 3 * time.Second, left: "/dev/tty1", says: "plymouthd does not ask (it has not answered for 2s): asking on /dev/tty1"},
		{name: "hangs later", d: plymouthd{pings: 3, question: []string{""}}, consoles: map[string]*console{"/dev/tty1": {after: time.Second, line: "x"}}, files: []string{"/dev/tty1"}, want: "x", took: 33 * time.Second, left: "/dev/tty1"},
		{name: "is something else", d: plymouthd{question: []string{"HTTP/1.1 400"}}, consoles: map[string]*console{"/dev/tty1": {after: time.Second, line: "x"}}, files: []string{"/dev/tty1"}, want: "x", took: time.Second, left: "/dev/tty1"},
		{name: "has nothing yet", d: plymouthd{question: []string{typed("vt")}, after: 9 * time.Second}, consoles: map[string]*console{"/dev/tty1": {}}, want: "vt", took: 9 * time.Second},
		{name: "takes nothing", d: plymouthd{question: []string{""}}, consoles: map[string]*console{"/dev/tty1": {after: time.Second, line: "x"}}, want: "x", took: 11 * time.Second, left: "/dev/tty1"},
		{name: "and no console", d: plymouthd{question: []string{nobody}}, files: []string{"/dev/tty1"}, err: errNoConsole},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, &c.d, c.consoles, c.files)
				start := time.Now()
				err := w.Ask(t.Context(), "(2 wrong) Passphrase for a: ", w.secret)
				if !errors.Is(err, c.err) || string(w.secret.Bytes()) != c.want || time.Since(start) != c.took {
					t.Errorf("%q, %v after %v; want %q, %v after %v", w.secret.Bytes(), err, time.Since(start), c.want, c.err, c.took)
				}
				synctest.Wait()
				if got := strings.Join(w.opened, " "); got != c.left {
					t.Errorf("asked on %q, want %q", got, c.left)
				}
				if c.says != "" && !slices.Contains(w.said, c.says) {
					t.Errorf("says %q, not %q", w.said, c.says)
				}
				if c.d.pings >= 0 && !slices.Equal(c.d.asked, []string{"(2 wrong) Passphrase for a"}) {
					t.Errorf("plymouthd was asked %q", c.d.asked)
				}
			})
		})
	}
}

// world are people before a plymouthd and consoles.
type world struct {
	*People
	secret       *linux.SecretMemory
	opened, said []string
	dialed       int
}

func newWorld(t *testing.T, d *plymouthd, consoles map[string]*console, files []string) *world {
	secret, err := linux.NewSecretMemory(linux.MaxSecretLine + 1)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{secret: secret}
	w.People = &People{
		Open: func(path string) (Terminal, error) {
			w.opened = append(w.opened, path)
			consoles[path].canceled = make(chan struct{})
			return consoles[path], nil
		},
		Plymouth: func() (*Plymouth, func() []string, error) {
			if w.dialed++; w.dialed > 1 {
				return nil, nil, os.ErrNotExist
			}
			var ours net.Conn
			d.Conn, ours = net.Pipe()
			go d.serve()
			return NewPlymouth(ours), func() []string { return files }, nil
		},
		Say: func(line string) { w.said = append(w.said, line) },
	}
	for path := range consoles {
		w.Consoles = append(w.Consoles, path)
	}
	slices.Sort(w.Consoles)
	slices.Reverse(w.Consoles) // the number, then the letter
	slices.SortStableFunc(w.Consoles, func(a, b string) int { return len(a) - len(b) })
	t.Cleanup(func() { secret.Close() })
	t.Cleanup(func() { // before the bubble ends
		if w.plymouth != nil {
			w.plymouth.Close()
		}
		if d.Conn != nil {
			d.Close()
		}
	})
	return w
}

// TestPlymouthStands: a question that was withdrawn stands, and its answer is that to the next prompt.
func TestPlymouthStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &plymouthd{question: []string{typed("right"), typed("more")}, after: 10 * time.Second}
		serial := &console{after: time.Second, line: "wrong"}
		w := newWorld(t, d, map[string]*console{"/dev/tty1": {}, "/dev/ttyS0": serial}, []string{"/dev/tty1"})
		for i, want := range []string{"wrong", "right", "more"} {
			err := w.Ask(t.Context(), fmt.Sprint("prompt ", i), w.secret)
			if err != nil || string(w.secret.Bytes()) != want {
				t.Errorf("%q, %v; want %q", w.secret.Bytes(), err, want)
			}
			serial.after = 0
		}
		synctest.Wait()
		if want := []string{"prompt 0", "prompt 2"}; !slices.Equal(d.asked, want) || w.dialed != 1 {
			t.Errorf("asked %q by %d connections, want %q", d.asked, w.dialed, want)
		}
	})
}

// TestPlymouthGone: when it has died all consoles are asked from then on.
func TestPlymouthGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vt := &console{after: time.Second, line: "x"}
		w := newWorld(t, &plymouthd{question: []string{"die"}}, map[string]*console{"/dev/tty1": vt}, []string{"/dev/tty1"})
		for range 2 {
			if err := w.Ask(t.Context(), "prompt", w.secret); err != nil || string(w.secret.Bytes()) != "x" {
				t.Errorf("%q, %v", w.secret.Bytes(), err)
			}
		}
		if w.dialed != 2 || len(w.opened) != 2 {
			t.Errorf("%d connections, opened %q", w.dialed, w.opened)
		}
	})
}

// TestPlymouthTimeout: with the time of the prompt the asking ends, whoever asks.
func TestPlymouthTimeout(t *testing.T) {
	for _, reply := range []string{"", nobody} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, &plymouthd{question: []string{reply}}, map[string]*console{"/dev/tty1": {}}, []string{"/dev/tty1"})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			start := time.Now()
			if err := w.Ask(ctx, "prompt", w.secret); !errors.Is(err, ctx.Err()) || time.Since(start) != time.Minute {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		})
	}
}

func TestTaken(t *testing.T) {
	for _, c := range []struct {
		console, consoles, files string
		want                     bool
	}{
		{"/dev/tty1", "/dev/tty1", "/dev/null /dev/tty1", true},
		{"/dev/tty2", "/dev/tty2", "/dev/tty1", true},
		{"/dev/tty1", "/dev/tty1", "/dev/null socket:[12]", true},
		{"/dev/tty1", "/dev/tty1 /dev/ttyS0", "/dev/ttyS0", false},
		{"/dev/tty1", "/dev/tty1 /dev/ttyS0", "/dev/ttyS0 /dev/tty1", true},
		{"/dev/tty2", "/dev/tty2 /dev/ttyS0", "/dev/ttyS0 /dev/tty1", true},
		{"/dev/ttyS0", "/dev/tty1 /dev/ttyS0", "/dev/ttyS0 /dev/tty1", true},
		{"/dev/ttyS0", "/dev/tty1 /dev/ttyS0", "/dev/tty1", false},
		{"/dev/ttyS0", "/dev/tty1 /dev/ttyS0", "", false},
		{"/dev/hvc0", "/dev/hvc0", "/dev/hvc0", true},
		{"/dev/console", "/dev/console", "/dev/tty1", true},
	} {
		if got := taken(c.console, strings.Fields(c.consoles), strings.Fields(c.files)); got != c.want {
			t.Errorf("%s of %s, with %s open: %v", c.console, c.consoles, c.files, got)
		}
	}
}

func TestPlymouthPrompt(t *testing.T) {
	for prompt, want := range map[string]string{
		"Passphrase for a (/dev/sda): ": "Passphrase for a (/dev/sda)",
		strings.Repeat("x", 254):        strings.Repeat("x", 254),
		strings.Repeat("x", 255):        strings.Repeat("x", 251) + "...",
		strings.Repeat("ü", 200):        strings.Repeat("ü", 125) + "...",
	} {
		if got := plymouthPrompt(prompt); got != want || len(got) > 254 {
			t.Errorf("%q gives %q", prompt, got)
		}
	}
}

// sharpConn remembers where the last bytes were read to.
type sharpConn struct {
	PlymouthConn
	last []byte
}

func (c *sharpConn) Read(p []byte) (int, error) {
	c.last = p
	return c.PlymouthConn.Read(p)
}

// TestPlymouthSocket asks by sockets of both kinds of names. The answer is read to the secret's own memory; who listens is known, and what it has open.
func TestPlymouthSocket(t *testing.T) {
	for _, name := range []string{"preroot-test-" + fmt.Sprint(os.Getpid()), PlymouthSockets[1][:107-8] + fmt.Sprintf("%08d", os.Getpid())} {
		l, err := net.Listen("unix", "@"+name)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			if conn, err := l.Accept(); err == nil {
				(&plymouthd{Conn: conn, question: []string{typed("over a socket")}}).serve()
			}
		}()
		conn, pid, err := linux.DialAbstract(name)
		if err != nil || pid != os.Getpid() {
			t.Fatalf("process %d, %v", pid, err)
		}
		secret, err := linux.NewSecretMemory(linux.MaxSecretLine + 1)
		if err != nil {
			t.Fatal(err)
		}
		defer secret.Close()
		sharp := &sharpConn{PlymouthConn: conn}
		p := NewPlymouth(sharp)
		err = p.Ask("prompt: ", func() bool { return true }, secret)
		if err != nil || string(secret.Bytes()) != "over a socket" || &sharp.last[0] != &secret.Space()[0] {
			t.Errorf("%q, %v, or it was read to other memory", secret.Bytes(), err)
		}
		p.Close()
	}
	if _, _, err := linux.DialAbstract("preroot-test-none"); err == nil {
		t.Error("a socket that is not there")
	}
	path := filepath.Join(t.TempDir(), "open")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if files := linux.OpenFiles(os.Getpid()); !slices.Contains(files, path) {
		t.Errorf("open: %q", files)
	}
	if files := linux.OpenFiles(1 << 30); len(files) > 0 {
		t.Errorf("open in no process: %q", files)
	}
}
