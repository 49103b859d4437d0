package boot

import (
	"io/fs"
	"os"
	"strings"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/rescue"
)

// Ask is the applet that asks for kernel parameters on its console. It returns an exit status.
func Ask() int {
	request := linux.Inherited(rescue.RequestFD, "request")
	linux.DiscardInput(os.Stdin) // the key that was pressed to come here
	if line := rescue.Ask(os.Stdin, os.Stdout); request != nil {
		if _, err := request.WriteString(line + "\n"); err == nil {
			return 0
		}
	}
	return 1
}

// ask is rd.cmdline=ask: before the first stage a person may add kernel parameters, on any console. They are kept where hooks read them (dracut.cmdline(7)), which is
// also how an engine that comes after this one knows that it need not ask. It says whether the boot is over.
func (b *Boot) ask() (over bool) {
	if value, _, _ := b.params.Lookup("rd.cmdline="); value != "ask" {
		return false
	}
	if _, err := fs.Stat(b.m.Files, strings.TrimPrefix(cmdline.AskFile, "/")); err == nil {
		return false
	}
	if !b.mayPrompt() {
		b.m.Log.Errf("rd.cmdline=ask: this image gives no prompt; going on")
		return false
	}
	o := b.attend(stop{stage: stages[0].name, reason: "rd.cmdline=ask: kernel parameters can be added", ask: true})
	if o.action != "" {
		b.end(o.action, o.reason)
		return true
	}
	b.m.Log.Notef("from rd.cmdline=ask: %s", o.words)
	if err := b.m.Scratch.WriteFile(cmdline.AskFile, []byte(o.words+"\n")); err != nil {
		b.m.Log.Errf("what was typed is lost: %v", err)
	}
	b.configure()
	b.suitMode()
	return false
}
