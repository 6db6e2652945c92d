//go:build !race

package manifest

// raceDetector says that the race detector is built in.
const raceDetector = false
