//go:build unix

package awstest

import (
	"os"
	"syscall"
)

// lockFile waits for an exclusive lock on the file, which ends with the file's closing.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }
