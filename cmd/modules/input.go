package main

import "syscall"

// input takes apart what kmod.Loader.Send writes.
type input struct {
	read func(p []byte) (int, error)
	have []byte // read and not used yet
	over bool   // nothing more will come
}

// modules reads the list; whole is false when it ends before its mark, because who writes it has given up.
func (in *input) modules() (list []module, whole bool) {
	for {
		how := in.take(1)
		if len(how) == 0 || how[0] == 0 {
			return list, len(how) > 0
		}
		m := module{how: how[0]}
		path, params := in.text(), in.text()
		length, n := in.take(8), 0
		for i := len(length) - 1; i >= 0; i-- {
			n = n<<8 | int(length[i])
			if n > maxModule {
				return nil, false
			}
		}
		m.data = in.take(n)
		if in.over {
			return nil, false
		}
		m.path, m.params = string(path[:len(path)-1]), params
		list = append(list, m)
	}
}

// closed waits until the other end is closed, and says whether nothing else came.
func (in *input) closed() bool {
	for !in.over && len(in.have) == 0 {
		in.fill()
	}
	return in.over
}

// text is what comes up to a NUL, and the NUL.
func (in *input) text() []byte {
	for i := 0; ; i++ {
		for i == len(in.have) {
			if in.fill(); in.over {
				return []byte{0}
			}
		}
		if in.have[i] == 0 {
			return in.take(i + 1)
		}
	}
}

// take is the next n bytes, fewer where nothing more comes.
func (in *input) take(n int) []byte {
	b := make([]byte, n)
	got := copy(b, in.have)
	for in.have = in.have[got:]; got < n && !in.over; {
		got += in.some(b[got:])
	}
	return b[:got]
}

func (in *input) fill() {
	buf := make([]byte, 4096)
	in.have = append(in.have, buf[:in.some(buf)]...)
}

// some reads once, and notes the end.
func (in *input) some(p []byte) int {
	for {
		n, err := in.read(p)
		if err == syscall.EINTR {
			continue
		}
		if in.over = err != nil || n <= 0; in.over {
			return 0
		}
		return n
	}
}
