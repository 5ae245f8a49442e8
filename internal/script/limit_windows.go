package script

import (
	"syscall"
	"time"
)

// boundMemory: Windows has no limit that a process sets for itself by one call; the child's own watchdog is the bound there. Scripts run
// where the work is done: the agent beside a SalesPad server, which is what runs on Windows, runs none.
func boundMemory(int64) error { return nil }

// cpuTime gives the processor time this process has used.
func cpuTime() time.Duration {
	var born, ended, kernel, user syscall.Filetime
	self, err := syscall.GetCurrentProcess()
	if err != nil || syscall.GetProcessTimes(self, &born, &ended, &kernel, &user) != nil {
		return 0
	}
	return spent(kernel) + spent(user)
}

// spent reads a Filetime that is no moment but a length, in steps of 100 ns.
func spent(t syscall.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}

// ownGroup keeps a terminal's ^C from ending the child under a batch that the parent still wants to finish.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// residentSize: the parent's second watch over memory is for systems with /proc.
func residentSize(int) (bytes int64, ok bool) { return 0, false }
