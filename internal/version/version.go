// Package version says which Plimsoll this is.
package version

import "runtime/debug"

// release is set by the linker for released binaries: -X …/internal/version.release=v1.2.3.
var release string

// String is the released version, the module version of `go install`, or "devel".
func String() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
