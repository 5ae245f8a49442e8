package reach

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Journal knows which requests were begun, so that none is begun twice: by this process or, of those that change something, by one before
// it. It is safe for concurrent use.
type Journal struct {
	mu   sync.Mutex
	seen map[string]time.Time // id -> until when a letter with it could come
	file *os.File             // nil: in memory only
	path string
	rows int
}

// OpenJournal reads the file, or begins it; "" keeps the journal in memory. One process has a journal at a time.
func OpenJournal(path string) (*Journal, error) {
	j := &Journal{seen: map[string]time.Time{}, path: path}
	if path == "" {
		return j, nil
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("journal: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(old))
	for lines.Scan() { // a last line that was cut off was not begun
		at, id, ok := strings.Cut(lines.Text(), " ")
		until, err := strconv.ParseInt(at, 10, 64)
		if ok && err == nil && len(id) == 32 {
			j.seen[id] = time.UnixMilli(until)
		}
	}
	return j, j.compact()
}

// compactAfter is how many rows are appended before those that are over are left out.
const compactAfter = 10_000

// compact writes the file anew with what can still come.
func (j *Journal) compact() error {
	var b bytes.Buffer
	now := time.Now()
	for id, until := range j.seen {
		if now.After(until) {
			delete(j.seen, id)
			continue
		}
		fmt.Fprintf(&b, "%d %s\n", until.UnixMilli(), id)
	}
	j.rows = 0
	if j.path == "" {
		return nil
	}
	if j.file != nil {
		if err := j.file.Close(); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		j.file = nil
	}
	fresh := j.path + ".new"
	err := os.WriteFile(fresh, b.Bytes(), 0o600)
	if err == nil {
		err = os.Rename(fresh, j.path)
	}
	if err == nil {
		j.file, err = os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0o600)
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// begin notes a request; first is false where it was begun before. lasting ones are on the disk when begin returns; where they cannot
// be, the error says so and nothing may be begun.
func (j *Journal) begin(id string, until time.Time, lasting bool) (first bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, known := j.seen[id]; known {
		return false, nil
	}
	until = until.Add(maxSkew)
	if j.rows++; j.rows > compactAfter {
		if err := j.compact(); err != nil {
			return false, err
		}
	}
	if lasting && j.path != "" {
		if j.file == nil {
			return false, errors.New("journal: it is closed")
		}
		_, err := fmt.Fprintf(j.file, "%d %s\n", until.UnixMilli(), id)
		if err = errors.Join(err, j.file.Sync()); err != nil {
			return false, fmt.Errorf("journal: %w", err)
		}
	}
	j.seen[id] = until
	return true, nil
}

// Close closes the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
