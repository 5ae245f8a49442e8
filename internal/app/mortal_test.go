package app

import (
	"context"
	"errors"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/memory"
)

// mortal is a worker that dies at a call of the store, sent or not, and makes no other after it.
type mortal struct {
	left int // calls until it dies; -1: it lives
}

func (m *mortal) table(inner table.Table) table.Table {
	return &memory.Faulty{Inner: inner, Before: func(context.Context, memory.Call) error { return m.call(false) },
		After: func(_ context.Context, _ memory.Call, answer error) error {
			if err := m.call(true); err != nil {
				return err
			}
			return answer
		}}
}

func (m *mortal) call(after bool) error {
	if m.left > 0 && after {
		m.left--
	}
	if m.left == 0 {
		return errors.New("killed")
	}
	return nil
}
