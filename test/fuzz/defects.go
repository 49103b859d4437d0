package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// defect is a bug of the kind that is made in earnest: a place in a source, and the text that stands there with the bug.
type defect struct {
	target string // that must find it
	file   string // seen from the top of the tree
	old    string // stands there once
	new    string
	what   string // what is wrong then
}

// defectOf finds the defect of a target.
func defectOf(t target) (defect, error) {
	for _, d := range defects {
		if d.target == t.id() {
			return d, nil
		}
	}
	return defect{}, fmt.Errorf("no defect in test/fuzz/defects.go")
}

// apply puts the defect into the text of its file.
func (d defect) apply(text string) (string, error) {
	if n := strings.Count(text, d.old); n != 1 {
		return "", fmt.Errorf("the text of the defect of %s stands %d times in %s, not once: %q", d.target, n, d.file, d.old)
	}
	return strings.Replace(text, d.old, d.new, 1), nil
}

// seed puts the defect into the tree at root; undo takes it out again.
func (d defect) seed(root string) (undo func(), err error) {
	file := filepath.Join(root, d.file)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	bad, err := d.apply(string(text))
	if err != nil {
		return nil, err
	}
	return func() { _ = os.WriteFile(file, text, 0o644) }, os.WriteFile(file, []byte(bad), 0o644)
}

// defects has one for each target, in the order of the packages.
var defects = []defect{
	{
		"check.FuzzObject", "pkg/check/program.go",
		"p.Off > size || p.Filesz > size-p.Off",
		"p.Off > size",
		"the length of a segment is believed",
	},
	{
		"check.FuzzRuleLines", "pkg/check/udev.go",
		`strings.Count(line, "\"")%2 != 0`,
		`strings.Count(line, "\"") == 1`,
		"a rule that is cut off behind its third quotation mark counts",
	},
	{
		"check.FuzzTarget", "pkg/check/target.go",
		`add("module=", t.Modules...)`,
		`add("", t.Modules...)`,
		"a module is written as a layer is",
	},
	{
		"inflate.FuzzGunzip", "internal/inflate/inflate.go",
		"_ = s.distances.make(lengths[:32])",
		"_ = s.distances.make(lengths[:30])",
		"the fixed code has no places for the two distances that mean nothing, and is refused",
	},
	{
		"klog.FuzzClean", "internal/klog/clean.go",
		"r >= 0x7f && r < 0xa1",
		"r > 0x7f && r < 0xa1",
		"the bound of the control characters lets DEL through",
	},
	{
		"klog.FuzzRecord", "internal/klog/klog.go",
		`	text = Clean(text)
	if len(text) > maxText {
		end := maxText
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + " ..."
	}
	return "<" + string('0'+rune(level)) + ">preroot: " + text + "\n"`,
		`	if len(text) > maxText {
		end := maxText
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + " ..."
	}
	return "<" + string('0'+rune(level)) + ">preroot: " + Clean(text) + "\n"`,
		"the text is cut first and cleaned then, which makes it longer",
	},
	{
		"archive.FuzzParse", "pkg/archive/read.go",
		`	if nameEnd > int64(len(data)) {
		return h, errTruncated
	}
`,
		"",
		"the length that a member's header gives its name is believed",
	},
	{
		"archive.FuzzTree", "pkg/archive/tree.go",
		"(len(target(e.Data)) == 0 || len(e.Data) > maxName)",
		"len(e.Data) > maxName",
		"a link may have a target that begins with its end",
	},
	{
		"blkid.FuzzFar", "pkg/blkid/bcachefs.go",
		"if n < 8 || n > len(f) {",
		"if n < 8 {",
		"bcachefs: the length that a field says is believed",
	},
	{
		"blkid.FuzzGPT", "pkg/blkid/gpt.go",
		"start < t.first || end > t.last || end < start",
		"start < t.first || end < start",
		"a partition may end behind the usable sectors",
	},
	{
		"blkid.FuzzMBR", "pkg/blkid/mbr.go",
		"if e.start > 0 && start+e.size <= end {",
		"if start+e.size <= end {",
		"a logical partition may lie on its own boot record",
	},
	{
		"blkid.FuzzProbe", "pkg/blkid/text.go",
		`	if i := bytes.IndexByte(field, 0); i >= 0 {
		field = field[:i]
	}`,
		`	field = bytes.TrimRight(field, "\x00")`,
		"a label goes on behind its first NUL",
	},
	{
		"buildconf.FuzzParse", "pkg/buildconf/word.go",
		"w.text.WriteString(inside)",
		`w.text.WriteString(strings.ReplaceAll(inside, "\\\n", ""))`,
		"a line is continued within single quotes",
	},
	{
		"cmdline.FuzzJoin", "pkg/cmdline/params.go",
		`		line, rest, found := strings.Cut(text, "\n")
		line = strings.Trim(line, " \t")
		if found || line != "" {`,
		`		line, rest, _ := strings.Cut(text, "\n")
		line = strings.Trim(line, " \t")
		if line != "" {`,
		"an empty line gives no blank",
	},
	{
		"cmdline.FuzzSplit", "pkg/cmdline/split.go",
		"case !inQuote && isBlank(c):",
		"case !inQuote && (isBlank(c) || c == 0x85):",
		"the next-line character of Latin-1 parts words, which it does not for the kernel",
	},
	{
		"config.FuzzParse", "pkg/config/parse.go",
		"c.LogLevel = int(min(n, 255))",
		"c.LogLevel = int(int8(n))",
		"loglevel is cut to eight bits with a sign",
	},
	{
		"crypttab.FuzzCrypttab", "pkg/crypttab/options.go",
		"		o.Swap = true\n",
		"		o.Swap, o.Mode = true, Plain\n",
		"swap implies plain, as crypttab(5) has it",
	},
	{
		"crypttab.FuzzWords", "pkg/crypttab/words.go",
		"case !ValidName(name):",
		"case len(name) > 127:",
		"a mapping may have any name of a fitting length",
	},
	{
		"device.FuzzEncode", "pkg/device/encode.go",
		`if name[i] == '\\' && i+3 < len(name) && name[i+1] == 'x' {`,
		`if name[i] == '\\' && i+3 < len(name)-1 && name[i+1] == 'x' {`,
		"an escape at the end of a name is not decoded",
	},
	{
		"device.FuzzParseRef", "pkg/device/ref.go",
		`	case strings.IndexByte(s, 0) >= 0:
		return Ref{}, refError(text, "it holds a zero byte")
`,
		"",
		"a name may hold a zero byte",
	},
	{
		"device.FuzzSCSIID", "pkg/device/scsiid.go",
		"end := min(len(page), 4+int(page[2])<<8+int(page[3]))",
		"end := 4 + int(page[2])<<8 + int(page[3])",
		"the length that a page says is believed",
	},
	{
		"dracutmod.FuzzRecord", "pkg/dracutmod/process.go",
		"err != nil || n == 0 || n > maxWords",
		"err != nil || n > maxWords",
		"a question of no words is one",
	},
	{
		"dynlink.FuzzNotes", "pkg/dynlink/dlopen.go",
		"padded+desc > uint64(len(data))",
		"desc > uint64(len(data))",
		"the name of a note is not counted where its end is checked",
	},
	{
		"hooks.FuzzReport", "pkg/hooks/report.go",
		"; is && IsName(name) {",
		`; is && name != "" {`,
		"anything in front of the equals sign is a variable",
	},
	{
		"hooks.FuzzState", "pkg/hooks/state.go",
		`case s[0] == '\\' && len(s) > 1:`,
		`case s[0] == '\\':`,
		"a backslash at the end escapes what is not there",
	},
	{
		"image.FuzzAssignment", "pkg/image/assign.go",
		"strings.ContainsAny(value, \"$`\\\\\")",
		"strings.ContainsAny(value, \"$`\")",
		"a backslash in a value is taken",
	},
	{
		"initqueue.FuzzParseCall", "pkg/initqueue/call.go",
		"if len(args) < 2 {",
		"if len(args) < 1 {",
		"--name as the last word takes what is not there",
	},
	{
		"kmod.FuzzIndex", "pkg/kmod/pager.go",
		"if page := p.page(off); i+4 <= len(page) {",
		"if page := p.page(off); i < len(page) {",
		"a number that the end of the file cuts is read whole",
	},
	{
		"kmod.FuzzMatch", "pkg/kmod/glob.go",
		"if len(class) >= 2 && class[0] == '-' {",
		"if len(class) >= 1 && class[0] == '-' {",
		"a dash at the end of a class is the middle of a range",
	},
	{
		"kmod.FuzzPolicy", "pkg/kmod/policy.go",
		`case words[0] == "alias" && len(words) >= 3:`,
		`case words[0] == "alias" && len(words) >= 2:`,
		"an alias line without its module is taken",
	},
	{
		"kmod.FuzzSoftdep", "pkg/kmod/text.go",
		`	for _, s := range all {
		fmt.Fprintf(&b, "softdep %s", s.Pattern)`,
		`	for _, s := range all {
		if len(s.Pre) == 0 {
			continue
		}
		fmt.Fprintf(&b, "softdep %s", s.Pattern)`,
		"a line with modules after alone is not written",
	},
	{
		"kmod.FuzzWriteIndex", "pkg/kmod/write.go",
		"c == 0 || c >= 0x80",
		"c >= 0x80",
		"a NUL in a key is written, which ends the key for a reader",
	},
	{
		"luks.FuzzLUKS1", "pkg/luks/luks1.go",
		"case v.segment.offset != 0 && v.segment.offset < v.areasEnd:",
		"case v.segment.offset != 0 && v.segment.offset < v1AreasFrom:",
		"the data may begin in the key slots",
	},
	{
		"luks.FuzzLUKS2", "pkg/luks/kdf.go",
		"case k.memory > maxArgonMemory:",
		"case k.memory>>10 > maxArgonMemory:",
		"the bound of the memory in KiB is taken for one in MiB",
	},
	{
		"lvm.FuzzPlan", "pkg/lvm/vg.go",
		"seg.Extents/n > end-a.extent",
		"seg.Extents/n > end-a.extent+1",
		"a stripe may reach one extent past the end of what it lies on",
	},
	{
		"lvm.FuzzReadPV", "pkg/lvm/mda.go",
		"if loc.off < sectorSize || loc.off >= m.Size || loc.size == 0 || loc.size > m.Size-sectorSize {",
		"if loc.off < sectorSize || loc.size == 0 || loc.size > m.Size-sectorSize {",
		"a text may begin behind its metadata area",
	},
	{
		"mount.FuzzParseFstab", "pkg/mount/fstab.go",
		"if len(fields) < 3 {",
		"if len(fields) < 2 {",
		"a line without the type is taken",
	},
	{
		"mount.FuzzUnescape", "pkg/mount/fstab.go",
		`if s[i] == '\\' && i+3 < len(s) {`,
		`if s[i] == '\\' && i+2 < len(s) {`,
		"an escape of two digits at the end is read past it",
	},
	{
		"mount.FuzzParseOptions", "pkg/mount/options.go",
		"quoted = !quoted",
		"quoted = true",
		"a quote that closes opens another",
	},
	{
		"rescue.FuzzEdit", "pkg/rescue/edit.go",
		"e.at, e.shownFrom = len(e.line), 0",
		"e.at, e.shownFrom = min(e.at, len(e.line)), 0",
		"the cursor keeps its byte in another line of the history, inside a character",
	},
	{
		"rescue.FuzzKernelLog", "pkg/rescue/kernellog.go",
		"rest = rest[i+len(name):]",
		"rest = rest[i+len(name)+1:]",
		"the search for a device's name goes on a byte too far",
	},
	{
		"rescue.FuzzMask", "pkg/rescue/mask.go",
		`case c == '\n', isSpace(c) && !quoted:`,
		"case isSpace(c) && !quoted:",
		"a quote that is not closed takes the end of the line with it",
	},
	{
		"nfsroot.FuzzParse", "pkg/nfsroot/parse.go",
		`return n.options + version + ",nolock,addr=" + n.Server`,
		`return version + ",nolock,addr=" + n.Server + "," + n.options`,
		"the options of the text come last, and may name another server",
	},
	{
		"switchroot.FuzzCapabilities", "pkg/switchroot/capabilities.go",
		"strconv.ParseUint(name, 10, 6)",
		"strconv.ParseUint(name, 10, 31)",
		"a number that no bounding set has is taken",
	},
	{
		"switchroot.FuzzDecodeRecord", "pkg/switchroot/record.go",
		"if len(msg) < head || string",
		"if len(msg) < len(recordMagic) || string",
		"a record that ends in its head is read",
	},
	{
		"switchroot.FuzzDecodeStrings", "pkg/switchroot/record.go",
		"if len(body) < 4 {",
		"if len(body) < 3 {",
		"a length of three bytes is read as four",
	},
	{
		"switchroot.FuzzProve", "pkg/switchroot/elf.go",
		"if length < 2 || length > pathMax {",
		"if length > pathMax {",
		"a PT_INTERP of no bytes is read",
	},
	{
		"timeline.FuzzRoundTrip", "pkg/timeline/parse.go",
		`strings.SplitN(line, " ", 4)`,
		`strings.SplitN(line, " ", 5)`,
		"a name ends at its first blank",
	},
	{
		"trial.FuzzConsole", "pkg/trial/judge.go",
		`what, rest, _ := strings.Cut(stripColors(l), " ")`,
		`what, rest, _ := strings.Cut(l, " ")`,
		"what an image says reaches the terminal as it is",
	},
	{
		"udevd.FuzzConcerns", "pkg/udevd/monitor.go",
		"if err != nil {\n\t\treturn \"\", true",
		"if err != nil {\n\t\treturn \"\", false",
		"a message that cannot be read is no wake-up",
	},
	{
		"uevent.FuzzParse", "pkg/uevent/event.go",
		"if c < ' ' || c == 0x7f {",
		"if c < ' ' {",
		"a path or a value may hold DEL",
	},
	{
		"uevent.FuzzWave", "pkg/uevent/wave.go",
		"i >= 4 && len(rest) >= i+4",
		"i >= 4 && len(rest) >= i+3",
		"a USB class of one digit is read as two",
	},
	{
		"uki.FuzzAssemble", "pkg/uki/pe.go",
		"room = min(room, at)",
		"_ = at",
		"the table of sections grows into the first of them",
	},
	{
		"unpack.FuzzUnpack", "pkg/unpack/lz4.go",
		"if size > len(r.packed) {",
		"if size > len(r.packed)+1<<31 {",
		"lz4: a block may be larger than its frame allows",
	},
	{
		"vconsole.FuzzFont", "pkg/vconsole/font.go",
		"uint64(header)+uint64(count)*uint64(size) > uint64(len(data))",
		"header+count*size > uint32(len(data))",
		"the end of the glyphs wraps in 32 bits",
	},
	{
		"vconsole.FuzzKeymap", "pkg/vconsole/keymap.go",
		"if d.err == nil && len(d.rest) > 0 {",
		"if d.err == nil && len(d.rest) > 1 {",
		"a byte too many is passed over",
	},
}
