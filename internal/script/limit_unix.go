//go:build unix

package script

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// boundData lets the kernel refuse memory beyond what the process has now plus extra bytes. It is the wall behind the
// watchdog: one allocation of a gigabyte fails at once instead of being noticed when it is done. RLIMIT_DATA counts
// what Go really uses; RLIMIT_AS would count the gigabytes of addresses that Go only reserves.
func boundData(extra int64) error {
	limit := &syscall.Rlimit{}
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, limit); err != nil {
		return err
	}
	now, ok := dataSize()
	if !ok {
		return nil // not Linux: the watchdog alone
	}
	limit.Cur = uint64(now + extra)
	limit.Max = limit.Cur
	return syscall.Setrlimit(syscall.RLIMIT_DATA, limit)
}

// dataSize reads the bytes that RLIMIT_DATA counts.
func dataSize() (bytes int64, ok bool) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmData:"); found {
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
