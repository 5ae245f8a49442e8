package awstest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// What Linux tells of a process that runs. Its rusage would not do: the peak in it counts the parent's pages before exec, and
// its times are known at the end only.

// cpuOf is the CPU time of a process's threads so far, 0 where that cannot be read.
func cpuOf(pid int) time.Duration {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0
	}
	sum := time.Duration(0)
	for _, path := range threads {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		first, _, _ := bytes.Cut(data, []byte(" "))
		if ns, err := strconv.ParseInt(string(first), 10, 64); err == nil {
			sum += time.Duration(ns)
		}
	}
	return sum
}

// peakOf is a process's largest resident set in bytes, 0 where that cannot be read.
func peakOf(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(data) {
		words := bytes.Fields(line)
		if len(words) == 3 && string(words[0]) == "VmHWM:" {
			kb, err := strconv.ParseInt(string(words[1]), 10, 64)
			if err == nil {
				return kb << 10
			}
		}
	}
	return 0
}
