package supervisor

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/switchroot"
)

// Client is the engine's side of the socket.
type Client struct {
	socket  *linux.Socket
	answers chan error
	// Signal takes the signals that PID 1 got and passes on (SIGINT for Ctrl-Alt-Del, SIGPWR, SIGWINCH).
	Signal chan int
	// Asked takes PID 1's questions whether the engine lives, where somebody has set it: the boot, which answers by Alive when
	// its loop does. Without it the answer means only that the process runs.
	Asked chan struct{}
}

// NewClient takes the engine's end; the caller runs Serve in a goroutine.
func NewClient(s *linux.Socket) *Client {
	return &Client{socket: s, answers: make(chan error, 1), Signal: make(chan int, 8)}
}

// Serve reads PID 1's messages until the socket ends.
func (c *Client) Serve() {
	for {
		msg, err := c.socket.Receive()
		if err != nil {
			return
		}
		c.take(msg)
	}
}

func (c *Client) take(msg []byte) {
	switch msg[0] {
	case msgTaken:
		c.answer(nil)
	case msgRefused:
		c.answer(errors.New("PID 1 refuses: " + string(msg[1:])))
	case msgAsk:
		c.ask()
	case msgSignal:
		if len(msg) == 2 {
			select {
			case c.Signal <- int(msg[1]):
			default:
			}
		}
	}
}

func (c *Client) ask() {
	if c.Asked == nil {
		c.Alive()
		return
	}
	select {
	case c.Asked <- struct{}{}:
	default:
	}
}

func (c *Client) answer(err error) {
	select {
	case c.answers <- err:
	default:
	}
}

// HandOver sends the record and waits for PID 1's answer: nil when the record is taken, and this process must end.
func (c *Client) HandOver(r switchroot.Record) error {
	return c.request(msgHandOver, string(r.Encode()))
}

// Execute asks PID 1 to execute the init of the image itself, in this same root, and waits for the answer: nil when PID 1 does, and this process must end.
func (c *Client) Execute(program string) error { return c.request(msgExecute, program) }

func (c *Client) request(kind byte, text string) error {
	if err := c.send(kind, text); err != nil {
		return err
	}
	select {
	case err := <-c.answers:
		return err
	case <-time.After(30 * time.Second):
		return errors.New("PID 1 does not answer")
	}
}

// Wait names what the engine waits for and how long it may be silent meanwhile; zero is "for ever".
func (c *Client) Wait(what string, limit time.Duration) {
	_ = c.send(msgWait, strconv.Itoa(int(limit/time.Second))+" "+what)
}

// Policy tells PID 1 the action to take when the engine ends without a word.
func (c *Client) Policy(a Action) { _ = c.send(msgPolicy, string(rune(a))) }

// Alive answers PID 1's question.
func (c *Client) Alive() { _ = c.socket.Send([]byte{msgAlive}) }

// Watchdog tells PID 1 of a hardware watchdog that runs already, by its device: it is to be fed while this process lives.
func (c *Client) Watchdog(device string) { _ = c.send(msgWatchdog, device) }

// End asks PID 1 to end the boot; PID 1 does not come back from it.
func (c *Client) End(a Action, reason string) error {
	return c.send(msgEnd, string(rune(a))+reason)
}

func (c *Client) send(kind byte, text string) error {
	return c.socket.Send(append([]byte{kind}, text...))
}

// parseWait reads the text of a msgWait.
func parseWait(text string) (what string, limit time.Duration) {
	n, what, _ := strings.Cut(text, " ")
	seconds, _ := strconv.Atoi(n)
	return what, time.Duration(seconds) * time.Second
}
