//go:build race

package manifest

// raceDetector says that the race detector is built in. It maps many times the memory of the program, which a limit of
// the kernel's cannot tell from the program's own.
const raceDetector = true
