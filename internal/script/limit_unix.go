//go:build unix

package script

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// boundMemory lets the kernel refuse memory beyond what the process has now. It is the wall behind the watchdog, which
// cannot act while Go copies or collects: one allocation of a gigabyte fails at once instead of being noticed when it
// is done. RLIMIT_AS stops such an allocation when Go reserves its addresses (RLIMIT_DATA does not count them, nor
// writing to them later); RLIMIT_DATA stops growth in small steps within what is reserved. The margins are for what Go
// and its threads reserve for themselves.
func boundMemory(memory int64) error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return err
	}
	for _, bound := range []struct {
		resource int
		line     string
		extra    int64
	}{{syscall.RLIMIT_AS, "VmSize:", 4 * memory}, {syscall.RLIMIT_DATA, "VmData:", 2 * memory}} {
		now, ok := memorySize(bound.line)
		if !ok {
			return nil // not Linux: the watchdogs alone
		}
		limit := uint64(now + bound.extra)
		if err := syscall.Setrlimit(bound.resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	return nil
}

// memorySize reads one line of what the kernel says about this process's memory.
func memorySize(name string) (bytes int64, ok bool) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, name); found {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10, err == nil
		}
	}
	return 0, false
}

// cpuTime gives the processor time this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ownGroup keeps a terminal's ^C from ending the child under a batch that the parent still wants to finish.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// residentSize gives the bytes of memory a process holds; ok is false where /proc does not tell.
func residentSize(pid int) (bytes int64, ok bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, false
	}
	parts := strings.Fields(string(text))
	if len(parts) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseInt(parts[1], 10, 64)
	return pages * int64(os.Getpagesize()), err == nil
}
