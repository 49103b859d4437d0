package rescue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
)

// PromptName is the argv[0] by which this program becomes the built-in prompt.
const PromptName = "preroot-prompt"

// RequestFD is the descriptor of the prompt on which it says what the person wants: the writing end of a pipe to the engine.
//
// The protocol: the prompt runs in a session of its own, descriptors 0, 1 and 2 are its controlling terminal, argv[1:] is not used. When the
// person has decided it writes one line and ends with status 0. The line is one of
//
//	exit                        go on with the boot, or try again
//	reboot, poweroff, halt      end the machine's run
//	WORD [WORD ...]             kernel words, in the kernel's quoting, that stand for those of the command line from now on:
//	                            root=, rootfstype=, rootflags=, ro, rw, init=, resume=, resume_offset=, noresume; then
//	                            try again
//
// A prompt that ends in another way (hung up, killed, crashed) writes nothing and its status is not 0. Who reads acts on the line, not
// on the end of the process: a command that the kernel does not let go can keep the process for long. SIGHUP and SIGTERM end
// a prompt and leave the terminal as a shell wants it.
const RequestFD = 3

// Request is what a person at a prompt wants.
type Request struct {
	// Action is "exit", "reboot", "poweroff", "halt", or "retry" with Words.
	Action string
	// Words stand for those of the command line; Text is the same as it was typed.
	Words []cmdline.Word
	Text  string
}

// ErrRequest is what the errors of ParseRequest wrap.
var ErrRequest = errors.New("no request")

// maxRequest bounds a request, in bytes; MaxLine is smaller.
const maxRequest = 4096

// ParseRequest reads the line of a prompt. Words other than those of the list above are refused: a prompt is no way to
// any other parameter.
func ParseRequest(line string) (Request, error) {
	line = strings.TrimSuffix(line, "\n")
	switch line {
	case "exit", "reboot", "poweroff", "halt":
		return Request{Action: line, Text: line}, nil
	}
	if len(line) > maxRequest || strings.ContainsAny(line, "\n\x00") {
		return Request{}, fmt.Errorf("%w: it is no line of at most %d bytes", ErrRequest, maxRequest)
	}
	words := cmdline.Split(line)
	if len(words) == 0 {
		return Request{}, fmt.Errorf("%w: an empty line", ErrRequest)
	}
	for _, w := range words {
		if err := checkWord(w); err != nil {
			return Request{}, err
		}
	}
	return Request{Action: "retry", Words: words, Text: line}, nil
}

func checkWord(w cmdline.Word) error {
	if !isBootWord(w) {
		return fmt.Errorf("%w: %q: only root=, rootfstype=, rootflags=, ro, rw, init=, resume=, resume_offset= and noresume can be given here", ErrRequest, w)
	}
	if (w.Key == "root" || w.Key == "init") && w.Value == "" {
		return fmt.Errorf("%w: %s: the value is missing; write %s=VALUE", ErrRequest, w, w.Key)
	}
	return nil
}

// isBootWord says whether a word is one that a request may give.
func isBootWord(w cmdline.Word) bool {
	switch w.Key {
	case "root", "rootfstype", "rootflags", "init", "resume", "resume_offset":
		return w.HasValue
	case "ro", "rw", "noresume":
		return !w.HasValue
	}
	return false
}
