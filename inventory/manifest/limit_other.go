//go:build !linux

package manifest

import "runtime/debug"

// limitMemory makes the garbage collector work harder near the limit; the watch ends the process above it.
func limitMemory(limit int) {
	if limit > 0 {
		debug.SetMemoryLimit(int64(limit) * 3 / 4)
	}
}
