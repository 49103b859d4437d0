package supervisor

// A message between the two processes is one byte for its kind and its text. The socket keeps messages apart.
const (
	// engine to PID 1
	msgHandOver = 'H' // a switchroot.Record
	msgExecute  = 'X' // a program to execute in this same root: the image's own init
	msgEnd      = 'E' // one letter for the action (see actions), then the reason
	msgWait     = 'W' // seconds until silence is suspicious, a blank, what is waited for
	msgAlive    = 'A' // answer to msgAsk
	msgWatchdog = 'D' // the device of a watchdog that runs
	msgPolicy   = 'P' // one letter: the emergency action to take when the engine cannot say it any more

	// PID 1 to engine
	msgTaken   = 'T' // the record, or the program, is taken: the engine ends
	msgRefused = 'R' // the reason why not
	msgSignal  = 'S' // a signal's number in one byte
	msgAsk     = '?' // are you there?
)

// EngineName is the argv[0] of the engine.
const EngineName = "preroot-engine"

// EngineFD is the descriptor on which the engine finds its end of the socket.
const EngineFD = 3

// Action is how a boot that failed ends.
type Action byte

// The emergency actions of rd.emergency=. Hold stays as it is: nothing follows by itself.
const (
	Reboot   Action = 'r'
	PowerOff Action = 'p'
	Halt     Action = 'h'
	Hold     Action = 'o'
)

// End is the word of the last line in the kernel log.
func (a Action) End() string {
	switch a {
	case PowerOff:
		return "POWERED OFF"
	case Halt, Hold:
		return "HELD"
	}
	return "REBOOTED"
}

// ActionOf is the action of a word of rd.emergency=; shell and hold leave the machine as it is.
func ActionOf(word string) Action {
	switch word {
	case "poweroff":
		return PowerOff
	case "halt":
		return Halt
	case "shell", "hold":
		return Hold
	}
	return Reboot
}
