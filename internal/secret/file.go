package secret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// File is a Store in one JSON file of mode 0600. It is safe for concurrent use within one process, and only one
// process may write to it: the product itself, which the command line asks over its API.
type File struct {
	path string
	mu   sync.Mutex
}

// OpenFile uses the file at path; it need not exist yet, its folder must. A file that others can read is refused.
func OpenFile(path string) (*File, error) {
	f := &File{path: path}
	_, err := f.load()
	return f, err
}

// Get reads the file anew each time, so that a mode that was loosened later is noticed.
func (f *File) Get(_ context.Context, name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all, err := f.load()
	if err != nil {
		return nil, err
	}
	value, ok := all[name]
	if !ok {
		return nil, fmt.Errorf("secret %q: %w", name, ErrMissing)
	}
	return value, nil
}

// Put replaces one secret.
func (f *File) Put(_ context.Context, name string, value []byte) error {
	return f.change(func(all map[string][]byte) { all[name] = value })
}

// Delete forgets one secret.
func (f *File) Delete(_ context.Context, name string) error {
	return f.change(func(all map[string][]byte) { delete(all, name) })
}

func (f *File) change(edit func(map[string][]byte)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	all, err := f.load()
	if err != nil {
		return err
	}
	edit(all)
	return f.save(all)
}

func (f *File) load() (map[string][]byte, error) {
	all := map[string][]byte{}
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("secrets: %s can be read by other users (mode %04o): run chmod 600 %s", f.path, mode, f.path)
	}
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	if err := json.Unmarshal(raw, &all); err != nil { // the parser's text could quote a secret
		return nil, fmt.Errorf("secrets: %s is not the JSON this program writes: restore it or move it away and connect again", f.path)
	}
	if all == nil {
		all = map[string][]byte{}
	}
	return all, nil
}

// save writes beside and renames, with both the file and its folder on disk before it returns: a crash leaves the
// old file or the new one, whole.
func (f *File) save(all map[string][]byte) error {
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	dir := filepath.Dir(f.path)
	temp, err := os.CreateTemp(dir, ".secrets-*") // mode 0600 from the start
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	defer os.Remove(temp.Name()) // after the rename there is nothing left to remove
	_, err = temp.Write(raw)
	if err == nil {
		err = temp.Sync()
	}
	if closing := temp.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(temp.Name(), f.path)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	return nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
