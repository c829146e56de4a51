package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the user and system time that a process has used, all threads, dead ones too. It reads the process's CPU
// clock, which is what /proc/PID/stat shows as utime+stime, in nanoseconds instead of ticks of ten milliseconds.
func cpuTime(pid int) (time.Duration, error) {
	const cpuClockSched = 2 // CPUCLOCK_SCHED of the kernel's posix-timers.h; how clock_getcpuclockid builds its result
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|cpuClockSched, &ts); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// residentBytes is the memory that a process holds in RAM, and the part of it that is not backed by a file: what counts
// for a server whose store is mapped into memory.
func residentBytes(pid int) (all, anonymous int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	return statusKB(status, "VmRSS:") << 10, statusKB(status, "RssAnon:") << 10, nil
}

func statusKB(status []byte, key string) int64 {
	_, rest, ok := bytes.Cut(status, []byte(key))
	if !ok {
		return 0
	}
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// openFiles is how many files and sockets this process holds open.
func openFiles() int {
	open, _ := os.ReadDir("/proc/self/fd")
	return len(open)
}
