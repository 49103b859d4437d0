package rescue

import "strings"

// secrets are the words whose values are passwords; the deprecated names are dracut's of before.
var secrets = []string{"cifspass=", "password=", "rd.iscsi.password=", "rd.iscsi.in.password=", "iscsi_password=", "iscsi_in_password="}

const stars = "*******"

// Mask hides the passwords in a text of kernel parameters, mounts or messages: values of cifspass=, rd.iscsi.password= and the like, the
// password in scheme://user:password@host, and everything between iscsi: and @. A password with blanks stands in double quotes.
func Mask(text string) string {
	if !strings.Contains(text, "@") && !strings.Contains(text, "pass") {
		return text
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		for line != "" {
			n := wordLength(line)
			out.WriteString(maskWord(line[:n]))
			for n < len(line) && isSpace(line[n]) {
				out.WriteByte(line[n])
				n++
			}
			line = line[n:]
		}
	}
	return out.String()
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// wordLength is where the first word ends: at a blank outside double quotes, at the end of the line at the latest.
func wordLength(line string) int {
	quoted := false
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\n', isSpace(c) && !quoted:
			return i
		}
	}
	return len(line)
}

func maskWord(word string) string {
	for _, key := range secrets {
		if i := strings.Index(word, key); i >= 0 {
			return word[:i+len(key)] + hide(word[i+len(key):])
		}
	}
	at := strings.LastIndexByte(word, '@')
	if at < 0 {
		return word
	}
	if i := strings.Index(word[:at], "iscsi:"); i >= 0 {
		i += len("iscsi:")
		return word[:i] + hide(word[i:at]) + word[at:]
	}
	if i := strings.Index(word[:at], "://"); i >= 0 {
		if colon := strings.IndexByte(word[i+3:at], ':'); colon >= 0 {
			i += 3 + colon + 1
			return word[:i] + hide(word[i:at]) + word[at:]
		}
	}
	return word
}

// hide puts stars in the place of a secret. A quote that opens or closes in it stays: where the words after it end does not change.
func hide(secret string) string {
	if strings.Count(secret, `"`)%2 == 1 {
		return stars + `"`
	}
	return stars
}
