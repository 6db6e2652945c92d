// Package controlplane builds a real Kubernetes control plane from its Go modules and runs it for a test: etcd,
// kube-apiserver and kube-controller-manager, on loopback, with their own certificates, and gone with the test.
package controlplane

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

// Newest is the minor version that tests run against unless they ask for another.
const Newest = "1.37"

// programs are what a control plane consists of, by the name of the binary.
var programs = map[string]string{
	"etcd":                    "go.etcd.io/etcd/server/v3",
	"kube-apiserver":          "k8s.io/kubernetes/cmd/kube-apiserver",
	"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
}

// building keeps two tests of one process from building the same thing.
var building sync.Mutex

// Build builds the control plane of a minor version ("1.37") unless it is in the user's cache folder, and returns the
// folder of its binaries. The first time takes several minutes.
func Build(minor string) (folder string, err error) {
	version, err := pinned(minor, "k8s.io/kubernetes")
	if err != nil {
		return "", err
	}
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	flags := fmt.Sprintf("-s -w -X k8s.io/component-base/version.gitVersion=%s -X k8s.io/component-base/version.gitMajor=%s "+
		"-X k8s.io/component-base/version.gitMinor=%s", version, major, strings.Split(rest, ".")[0])
	return build(minor, version, flags, programs)
}

// BuildKwok builds the simulator of nodes, likewise, and returns the path of its binary.
func BuildKwok() (string, error) {
	version, err := pinned("kwok", "sigs.k8s.io/kwok")
	if err != nil {
		return "", err
	}
	folder, err := build("kwok", "kwok-"+version, "-s -w", map[string]string{"kwok": "sigs.k8s.io/kwok/cmd/kwok"})
	return filepath.Join(folder, "kwok"), err
}

// build builds what is not yet in the cache.
func build(module, version, ldflags string, programs map[string]string) (string, error) {
	building.Lock()
	defer building.Unlock()
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	folder := filepath.Join(cache, "plimsoll", "controlplane", version)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	for name, pkg := range programs {
		if err := buildOne(filepath.Join(versions(), module), filepath.Join(folder, name), pkg, ldflags); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// buildOne builds beside the target and renames, so that a test that is interrupted leaves no half binary.
func buildOne(module, target, pkg, ldflags string) error {
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	fresh, err := os.MkdirTemp(filepath.Dir(target), "build-")
	if err != nil {
		return fmt.Errorf("make a build folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	binary := filepath.Join(fresh, filepath.Base(target))
	command := exec.Command("go", "build", "-ldflags", ldflags, "-o", binary, pkg)
	command.Dir = module
	command.Env = append(os.Environ(), "GOWORK=off")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return os.Rename(binary, target)
}

// pinned is the version of a module that versions/<folder>/go.mod requires.
func pinned(folder, module string) (string, error) {
	text, err := os.ReadFile(filepath.Join(versions(), folder, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("there is no control plane of version %s: %w", folder, err)
	}
	found := regexp.MustCompile(`(?m)^(?:require)?\s+` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("versions/%s/go.mod does not require %s", folder, module)
	}
	return string(found[1]), nil
}

// versions is the folder e2e/versions.
func versions() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "versions")
}
