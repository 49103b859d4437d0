package buildconf

import "strings"

// nest follows the compound commands of the shell (if, while, case, functions, groups), so that what lies in one is not
// taken for a line of its own.
type nest struct {
	frames  []frame
	command bool   // a word here is a command or a keyword
	name    bool   // the word before may be the name of a function
	named   bool   // the next word is one: "function NAME"
	open    bool   // a newline does not end the command: the body of a function follows, or what stands behind && or |
	bad     string // what closes something that is not open
}

// frame is one compound command.
type frame struct {
	closes   string // the word or operator that ends it
	caseWord int    // of case: 0 the subject is next, 1 "in", 2 a pattern begins, 3 it goes on, 4 commands
	function bool   // the brackets behind the name of a function
}

// openers are the keywords that begin a compound command, and what ends it.
var openers = map[string]string{"if": "fi", "while": "done", "until": "done", "for": "done", "select": "done", "case": "esac", "{": "}", "[[": "]]"}

func (n *nest) top() *frame {
	if len(n.frames) == 0 {
		return &frame{}
	}
	return &n.frames[len(n.frames)-1]
}

func (n *nest) push(f frame) { n.frames = append(n.frames, f) }

func (n *nest) pop() frame {
	f := *n.top()
	n.frames = n.frames[:len(n.frames)-1]
	return f
}

// take follows one token.
func (n *nest) take(t token) {
	f := n.top()
	if t.kind != newline {
		n.open = false
	}
	switch {
	case f.closes == "]]":
		if t.kind == word && t.text == "]]" {
			n.pop()
		}
		n.command = false
	case f.closes == "esac" && f.caseWord < 4:
		n.inCase(f, t)
	case t.kind == newline:
		n.command = true // behind the name of a function and behind for NAME, too: a keyword follows
	case t.kind == operator:
		n.operator(f, t.text)
	default:
		n.word(t)
	}
}

// inCase follows the head and the patterns of a case.
func (n *nest) inCase(f *frame, t token) {
	switch {
	case f.caseWord == 2 && t.kind == word && t.text == "esac":
		n.pop()
		n.command = false
	case f.caseWord >= 2 && t.kind == operator && t.text == ")":
		f.caseWord, n.command = 4, true
	case f.caseWord == 2 && t.kind != newline:
		f.caseWord = 3
	case f.caseWord == 0 && t.kind == word, f.caseWord == 1 && t.text == "in":
		f.caseWord++
	}
}

func (n *nest) operator(f *frame, op string) {
	named := n.name
	n.name = false
	switch op {
	case ";;", ";&", ";;&":
		if f.closes == "esac" {
			f.caseWord = 2
		} else {
			n.bad = op
		}
	case "(":
		n.push(frame{closes: ")", function: named})
		n.command = true
	case ")":
		if f.closes != ")" {
			n.bad = op
			return
		}
		n.command = n.pop().function
		n.open = n.command
	case "&&", "||", "|", "|&":
		n.command, n.open = true, true
	case ";", "&":
		n.command = true
	default: // a redirection or arithmetic
		n.command = false
	}
}

func (n *nest) word(t token) {
	was, named := n.command, n.named
	n.command, n.name, n.named, n.open = named, named, false, named
	if named || !was {
		return
	}
	closes := openers[t.text]
	switch {
	case t.assign != nil: // behind it keywords are words
	case closes != "":
		n.push(frame{closes: closes})
		n.command = strings.Contains(" if while until { ", " "+t.text+" ")
	case strings.Contains(" then else elif do ! time coproc ", " "+t.text+" ") && t.text != "":
		n.command = true
	case t.text == "function":
		n.named = true
	case t.text == "fi", t.text == "done", t.text == "esac", t.text == "}":
		if n.top().closes != t.text {
			n.bad = t.text
			return
		}
		n.pop()
	default:
		n.name = true
	}
}
