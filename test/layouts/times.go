package main

import (
	"errors"
	"io"
)

func (r *rig) measureAll(todo []Cell, out io.Writer) error { return errors.New("not yet") }

func (r *rig) writePage(todo []Cell) error { return errors.New("not yet") }
