package vm

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"time"
)

// A qmp is a connection to QEMU's machine protocol: one JSON object a line in
// both directions (docs/interop/qmp-spec of QEMU).
type qmp struct {
	conn net.Conn
	in   *bufio.Reader
}

// qmpPatience bounds one command; QEMU answers within milliseconds unless the
// host is stuck.
const qmpPatience = 20 * time.Second

// dialQMP connects and leaves the negotiation mode.
func dialQMP(path string) (*qmp, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	q := &qmp{conn: conn, in: bufio.NewReader(conn)}
	conn.SetDeadline(time.Now().Add(qmpPatience))
	if _, err := q.in.ReadBytes('\n'); err != nil { // the greeting
		conn.Close()
		return nil, fmt.Errorf("QMP greeting: %w", err)
	}
	if err := q.do("qmp_capabilities", nil); err != nil {
		conn.Close()
		return nil, err
	}
	return q, nil
}

// do runs a command and waits for its answer; events in between are dropped.
func (q *qmp) do(command string, args any) error {
	q.conn.SetDeadline(time.Now().Add(qmpPatience))
	request := map[string]any{"execute": command}
	if args != nil {
		request["arguments"] = args
	}
	if err := json.NewEncoder(q.conn).Encode(request); err != nil {
		return fmt.Errorf("QMP %s: %w", command, err)
	}
	for {
		line, err := q.in.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("QMP %s: %w", command, err)
		}
		var answer struct {
			Return json.RawMessage
			Error  *struct{ Desc string }
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return fmt.Errorf("QMP %s: %w", command, err)
		}
		switch {
		case answer.Error != nil:
			return fmt.Errorf("QMP %s: %s", command, answer.Error.Desc)
		case answer.Return != nil:
			return nil
		}
	}
}
