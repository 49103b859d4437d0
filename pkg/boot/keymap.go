package boot

import "github.com/preroot/preroot/pkg/vconsole"

// setKeymap gives the virtual terminals the image's keymap and font. It comes after the drivers of displays, since a
// font belongs to the driver that draws it, and may be called again.
func (b *Boot) setKeymap() {
	if b.m.OpenVT == nil {
		return
	}
	loaded, warnings := vconsole.Load(b.m.Files, b.m.OpenVT)
	for _, w := range warnings {
		b.m.Log.Warnf("console: %v", w)
	}
	if loaded {
		b.m.Log.Debugf("console: keymap and font of the image are set")
	}
}
