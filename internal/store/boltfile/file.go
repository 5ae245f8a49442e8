// Package boltfile opens one bbolt file for one owner and joins the writes of many goroutines into one
// transaction. An fsync costs the same for one write as for a hundred (T24), and it is most of what a
// write costs. The embedded store and the embedded queue stand on it. Start with Open, then File.Write.
package boltfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrHeld is within the error of Open when another process, or another Open of this one, has the file.
var ErrHeld = errors.New("another crosswalk holds the data folder; stop it, or give this one another folder")

// ErrClosed is within the error of every call after Close.
var ErrClosed = errors.New("the data file is closed")

// lockWait is how long Open waits for another owner: enough for one that is just ending, less than the
// second after which a person wonders.
const lockWait = 600 * time.Millisecond

// File is safe for concurrent use. It starts no goroutine: the first writer commits for all who wait.
type File struct {
	db      *bbolt.DB
	mu      sync.Mutex
	waiting []*write
	busy    bool // a writer is committing and will look at waiting again
}

// A write is one caller's part of a transaction. Its turn channel is made by the caller, so that waiting on
// it is durable within the caller's synctest bubble.
type write struct {
	fn   func(*bbolt.Tx) (bool, error)
	turn chan bool // true: lead the next transaction; false: err is the answer
	err  error
}

// Open opens or makes the file with mode 0600. The folder must exist. layout names what is in the file and its
// version, such as "queue 1"; a file of another layout is refused rather than misread.
func Open(path, layout string) (*File, error) {
	_, statErr := os.Stat(path)
	fresh := errors.Is(statErr, fs.ErrNotExist)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: %w", path, ErrHeld)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := settle(db, path, layout, fresh); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return &File{db: db}, nil
}

// settle makes sure of the file's mode, its layout, and that its name outlives a power cut.
func settle(db *bbolt.DB, path, layout string, fresh bool) error {
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	found, err := readLayout(db)
	if err != nil {
		return err
	}
	if found == layout {
		return nil
	}
	if found != "" {
		return fmt.Errorf("the file holds layout %q, this version reads %q; use the version that wrote it", found, layout)
	}
	if err := writeLayout(db, layout); err != nil || !fresh {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

var aboutBucket, layoutKey = []byte("about"), []byte("layout")

func readLayout(db *bbolt.DB) (layout string, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(aboutBucket); b != nil {
			layout = string(b.Get(layoutKey))
		}
		return nil
	})
	return layout, err
}

func writeLayout(db *bbolt.DB, layout string) error {
	return db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(aboutBucket)
		if err != nil {
			return err
		}
		return b.Put(layoutKey, []byte(layout))
	})
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// View runs fn on what is committed. Byte slices of the transaction are good until fn returns.
func (f *File) View(fn func(*bbolt.Tx) error) error { return named(f.db.View(fn)) }

// Write runs fn in a transaction together with those of other callers and returns when it is on disk. fn tells
// whether it changed anything: if none of them did, nothing is committed and no fsync is paid. An error of fn
// is its caller's alone. fn can run more than once, so it must start its results afresh each time.
//
// An error that is not fn's own comes from the disk: the write may be there or not after the next start.
func (f *File) Write(fn func(*bbolt.Tx) (changed bool, err error)) error {
	w := &write{fn: fn, turn: make(chan bool, 1)}
	f.mu.Lock()
	f.waiting = append(f.waiting, w)
	lead := !f.busy
	f.busy = true
	f.mu.Unlock()
	if lead || <-w.turn {
		f.lead()
	}
	return named(w.err)
}

// lead commits for everybody who waits, the caller among them, and hands the lead to the first who came
// in the meantime.
func (f *File) lead() {
	f.mu.Lock()
	group := f.waiting
	f.waiting = nil
	f.mu.Unlock()

	f.commit(group)

	f.mu.Lock()
	var next *write
	if len(f.waiting) > 0 {
		next = f.waiting[0]
	} else {
		f.busy = false
	}
	f.mu.Unlock()
	for _, w := range group {
		w.turn <- false // the leader's own stays in the buffer
	}
	if next != nil {
		next.turn <- true
	}
}

// commit runs the group in one transaction. One whose function fails is left out, and the rest run again.
func (f *File) commit(group []*write) {
	for len(group) > 0 {
		failed, err := f.try(group)
		if failed < 0 {
			for _, w := range group {
				w.err = err
			}
			return
		}
		group[failed].err = err
		group = append(append([]*write{}, group[:failed]...), group[failed+1:]...)
	}
}

// try gives the place of the write whose function failed, with its error, or -1 and the group's common error.
func (f *File) try(group []*write) (failed int, err error) {
	tx, err := f.db.Begin(true)
	if err != nil {
		return -1, err
	}
	changed := false
	for i, w := range group {
		did, err := safely(w.fn, tx)
		if err != nil {
			return i, errors.Join(err, tx.Rollback())
		}
		changed = changed || did
	}
	if !changed {
		return -1, tx.Rollback()
	}
	return -1, tx.Commit()
}

// safely makes a panic of one caller's function that caller's error: the others wait on this goroutine.
func safely(fn func(*bbolt.Tx) (bool, error), tx *bbolt.Tx) (changed bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while writing: %v", p)
		}
	}()
	return fn(tx)
}

// Close waits for the transaction that is under way and lets the next owner in.
func (f *File) Close() error { return f.db.Close() }

func named(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}
