package manager

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mark is the newest version that a worker put, and when.
type mark struct {
	Version string
	At      time.Time
}

// markSlack is how far the clocks of workers and of Secrets Manager may be apart.
const markSlack = time.Minute

func (s *Store) mark(ctx context.Context, name string) (mark, error) {
	if s.Marks == nil {
		return mark{}, nil
	}
	text, err := s.Marks.Mark(ctx, name)
	if err != nil {
		return mark{}, fmt.Errorf("secret %q: its newest version could not be looked up: %w", name, err)
	}
	version, at, _ := strings.Cut(text, " ")
	ms, err := strconv.ParseInt(at, 10, 64)
	if text != "" && err != nil {
		return mark{}, fmt.Errorf("secret %q: the note of its newest version does not read", name)
	}
	return mark{Version: version, At: time.UnixMilli(ms)}, nil
}

// setMark notes a version. A Put whose version could not be noted has failed: repeated, it makes another one.
func (s *Store) setMark(ctx context.Context, name, version string) error {
	if s.Marks == nil {
		return nil
	}
	text := ""
	if version != "" {
		text = version + " " + strconv.FormatInt(time.Now().UnixMilli(), 10)
	}
	if err := s.Marks.SetMark(ctx, name, text); err != nil {
		return fmt.Errorf("secret %q: its newest version could not be noted: %w", name, err)
	}
	return nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
