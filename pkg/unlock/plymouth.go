package unlock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/preroot/preroot/internal/linux"
)

// Plymouth is a plymouthd that is running. It asks on the consoles that it has taken, under its splash. A secret that it has read stays in its memory, which is nobody's to wipe; no other process has it.
//
// Its protocol is that of src/ply-boot-protocol.h, src/client/ply-boot-client.c and src/ply-boot-server.c of plymouth. A request is a letter and a NUL; or a letter, the byte 2, a length, and so many
// bytes, the last of them a NUL. Replies are a byte each; behind an answer come its length, in four bytes with the least first, and so many bytes.
//
// There is no word to withdraw a question: it stands until somebody presses Enter, also when the connection has ended (older releases then look into memory that they gave back), and what is asked
// on another connection waits behind it. Therefore the connection stays, a question that was withdrawn stays with it, and its answer is that to the next prompt.
type Plymouth struct {
	conn   PlymouthConn
	asked  bool // a question stands
	broken bool // the connection is of no more use

	mu       sync.Mutex
	canceled bool
}

// PlymouthConn is the connection; linux.DialAbstract makes one.
type PlymouthConn interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// NewPlymouth talks to plymouthd by a connection, which Close closes.
func NewPlymouth(conn PlymouthConn) *Plymouth { return &Plymouth{conn: conn} }

// PlymouthSockets are the names of its socket in the abstract namespace: the one of today, and that of old releases, which fills the address.
var PlymouthSockets = []string{"/org/freedesktop/plymouthd", plymouthOld + strings.Repeat("\x00", 107-len(plymouthOld))}

const plymouthOld = "/ply-boot-protocol"

// Requests and replies.
const (
	plymouthPing     = 'P'
	plymouthPassword = '*'
	plymouthArgument = 2
	plymouthDone     = 6
	plymouthRefused  = 21
	plymouthNobody   = 5 // there is no splash to ask on
	plymouthAnswer   = 2
	plymouthCancel   = 3 // the whole answer, for Ctrl-C and Ctrl-D
)

const (
	// plymouthPatience is how long plymouthd may take to answer a ping.
	plymouthPatience = 2 * time.Second
	// plymouthPulse is the time between pings. It is longer than plymouthd waits for a display before it takes a text console (DeviceTimeout, 8 s).
	plymouthPulse = 10 * time.Second
)

var (
	errPlymouthHangs = fmt.Errorf("it has not answered for %v", plymouthPatience)
	errNoSplash      = errors.New("it shows no splash")
)

// prepare is called before Ask, by who may call Cancel.
func (p *Plymouth) prepare() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.canceled = false
}

// Ask has plymouthd ask and waits for the answer, which is read straight into the memory. From time to time it sees whether plymouthd is alive, and whether shown still holds. It ends with
// linux.ErrSecretCanceled, linux.ErrSecretTooLong, os.ErrClosed after Cancel, and with other errors when plymouthd does not ask.
func (p *Plymouth) Ask(prompt string, shown func() bool, into *linux.SecretMemory) error {
	into.Wipe()
	if err := p.send(plymouthPing, ""); err != nil {
		return err
	}
	for limit, pinged := plymouthPatience, true; ; {
		reply, err := p.next(limit)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && pinged:
			return errPlymouthHangs // it may wake up: at the next prompt it is seen whether it has
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !shown() {
				return errNoSplash
			}
			limit, pinged = plymouthPatience, true
			err = p.send(plymouthPing, "")
		case err != nil:
		case reply == plymouthDone:
			limit, pinged = plymouthPulse, false
			err = p.question(prompt)
		case reply == plymouthAnswer:
			p.asked = false
			return p.answer(into)
		case reply == plymouthNobody:
			p.asked = false
			return errNoSplash
		default: // it refuses, or is something else
			p.broken = true
			err = fmt.Errorf("its reply is %#x", reply)
		}
		if err != nil {
			return err
		}
	}
}

// question asks, unless the question stands.
func (p *Plymouth) question(prompt string) error {
	if p.asked {
		return nil
	}
	p.asked = true
	return p.send(plymouthPassword, plymouthPrompt(prompt))
}

// plymouthPrompt is a prompt as plymouthd takes it, which sets a colon behind it: of what is too long for its protocol the end is missing.
func plymouthPrompt(prompt string) string {
	const most = 254
	prompt = strings.TrimSuffix(strings.TrimSpace(prompt), ":")
	if len(prompt) <= most {
		return prompt
	}
	n := most - len("...")
	for n > 0 && !utf8.RuneStart(prompt[n]) {
		n--
	}
	return prompt[:n] + "..."
}

func (p *Plymouth) send(request byte, argument string) error {
	message := []byte{request, 0}
	if argument != "" {
		message = append([]byte{request, plymouthArgument, byte(len(argument) + 1)}, argument+"\x00"...)
	}
	_ = p.conn.SetWriteDeadline(time.Now().Add(plymouthPatience))
	_, err := p.conn.Write(message)
	if err != nil {
		p.broken = true
	}
	return err
}

// next waits for a reply.
func (p *Plymouth) next(limit time.Duration) (byte, error) {
	p.mu.Lock()
	canceled := p.canceled
	if !canceled {
		_ = p.conn.SetReadDeadline(time.Now().Add(limit))
	}
	p.mu.Unlock()
	var reply [1]byte
	if !canceled {
		n, err := p.conn.Read(reply[:])
		if n == 1 {
			return reply[0], nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			p.broken = true
			return 0, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.canceled {
		return 0, os.ErrClosed
	}
	return 0, os.ErrDeadlineExceeded
}

// answer reads what was typed, in one go with its length.
func (p *Plymouth) answer(into *linux.SecretMemory) error {
	_ = p.conn.SetReadDeadline(time.Now().Add(plymouthPatience))
	err := p.readAnswer(into)
	var typed linux.SecretError
	if err != nil {
		into.Wipe()
		p.broken = p.broken || !errors.As(err, &typed)
	}
	return err
}

func (p *Plymouth) readAnswer(into *linux.SecretMemory) error {
	var length [4]byte
	if _, err := io.ReadFull(p.conn, length[:]); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(length[:]))
	space := into.Space()[:linux.MaxSecretLine]
	tooLong := n > int64(len(space))
	for ; n > int64(len(space)); n -= int64(len(space)) { // which is read as well, and dropped
		if _, err := io.ReadFull(p.conn, space); err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(p.conn, space[:n]); err != nil {
		return err
	}
	switch {
	case tooLong:
		return linux.ErrSecretTooLong
	case n == 1 && space[0] == plymouthCancel:
		return linux.ErrSecretCanceled
	}
	into.SetLen(int(n))
	return nil
}

// Cancel ends Ask. It may be called from another goroutine.
func (p *Plymouth) Cancel() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.canceled = true
	_ = p.conn.SetReadDeadline(time.Unix(1, 0))
}

// Close ends the connection. Ask must have ended.
func (p *Plymouth) Close() error { return p.conn.Close() }
