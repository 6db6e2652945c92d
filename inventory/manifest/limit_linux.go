package manifest

import (
	"runtime/debug"
	"syscall"
)

// limitMemory makes the kernel refuse memory far above the limit, which stops what is too fast for the watch: one
// huge allocation. The garbage collector works harder before that.
func limitMemory(limit int) {
	if limit <= 0 {
		return
	}
	debug.SetMemoryLimit(int64(limit) * 3 / 4)
	most := uint64(limit) + 192<<20 // the runtime's own, and what is free but not yet returned
	if !raceDetector {
		_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: most, Max: most})
	}
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
