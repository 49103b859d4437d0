package main

import (
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

const (
	length5 = "\x05\x00\x00\x00\x00\x00\x00\x00"
	length0 = "\x00\x00\x00\x00\x00\x00\x00\x00"
	twoOf   = "g/a.ko.gz\x00\x00" + length5 + "hello" + "i/b.ko\x00one=1 two=2\x00" + length0
)

// inputs are one text, read in whole and byte by byte.
func inputs(text string) []*input {
	return []*input{{read: strings.NewReader(text).Read}, {read: iotest.OneByteReader(strings.NewReader(text)).Read}}
}

func TestInput(t *testing.T) {
	want := []module{{how: 'g', path: "/a.ko.gz", params: []byte{0}, data: []byte("hello")}, {how: 'i', path: "/b.ko", params: []byte("one=1 two=2\x00"), data: []byte{}}}
	for _, in := range inputs(twoOf + "\x00") {
		got, whole := in.modules()
		if !reflect.DeepEqual(got, want) || !whole || !in.closed() {
			t.Errorf("%q, whole %v, want %q", got, whole, want)
		}
	}
	for cut := range len(twoOf) + 1 { // it must end, and not be taken for whole
		for _, in := range inputs(twoOf[:cut]) {
			if _, whole := in.modules(); whole {
				t.Errorf("%q is taken for a whole list", twoOf[:cut])
			}
		}
	}
	for _, in := range inputs("i/big\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff") {
		if _, whole := in.modules(); whole {
			t.Error("a module of 2^64 bytes is read")
		}
	}
	for _, in := range inputs("\x00x") {
		if _, whole := in.modules(); !whole || in.closed() {
			t.Error("what comes behind the list is taken for its end")
		}
	}
}

// TestClosed: nothing begins before the other end is closed.
func TestClosed(t *testing.T) { synctest.Test(t, closedCase) }

func closedCase(t *testing.T) {
	r, w := io.Pipe()
	in, done := &input{read: r.Read}, make(chan bool)
	go func() {
		_, whole := in.modules()
		done <- whole
		done <- in.closed()
	}()
	if _, err := w.Write([]byte{0}); err != nil || !<-done {
		t.Fatal("the list is not read", err)
	}
	synctest.Wait()
	select {
	case <-done:
		t.Error("it begins while the other end is open")
	default:
	}
	w.Close()
	if !<-done {
		t.Error("it does not begin")
	}
}
