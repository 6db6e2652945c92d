package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decodeAll is the yardstick: every YAML file parsed to nodes, one after another, nothing else.
func decodeAll(folder string) error {
	return eachFile(folder, func(path string) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		decoder := yaml.NewDecoder(f)
		for {
			var node yaml.Node
			if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return nil //nolint:nilerr // some real files are broken; reading stops where they do
			}
		}
	})
}

func eachFile(folder string, do func(path string) error) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".yaml", ".yml", ".json":
			return do(path)
		}
		return nil
	})
}

func measureAll(plimsoll, corpus string, runs int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := start(plimsoll, runs); err != nil {
		return err
	}
	if _, err := os.Stat(corpus); err == nil {
		if err := real(self, plimsoll, corpus, runs); err != nil {
			return err
		}
	} else {
		fmt.Printf("real manifests: no corpus at %s, left out\n", corpus)
	}
	if err := loading(self, runs); err != nil {
		return err
	}
	return growth(self, plimsoll, runs)
}

func scanArgs(folder string) []string {
	return []string{"scan", folder, "-f", "json", "-o", os.DevNull, "--fail-on", "none", "--min-coverage", "0"}
}

func start(plimsoll string, runs int) error {
	c, err := measure(max(runs, 5), plimsoll, "version")
	if err != nil {
		return err
	}
	info, err := os.Stat(plimsoll)
	if err != nil {
		return err
	}
	fmt.Printf("start:   plimsoll version %s; binary %.1f MB\n", c, float64(info.Size())/1e6)
	return nil
}

func real(self, plimsoll, corpus string, runs int) error {
	yardstick, err := measure(runs, self, "-decode", corpus)
	if err != nil {
		return err
	}
	ours, err := measure(runs, plimsoll, scanArgs(corpus)...)
	if err != nil {
		return err
	}
	fmt.Printf("real:    decoding only    %s\n", yardstick)
	fmt.Printf("real:    plimsoll scan    %s  = %.2f x the CPU time of decoding\n", ours, ratio(ours.cpu, yardstick.cpu))
	if err := hardening(plimsoll, corpus, ours, runs); err != nil {
		return err
	}
	return peers(corpus, ours, runs)
}

// hardening compares planning all edits with scanning the same files: at most twice the time is wanted.
func hardening(plimsoll, corpus string, scanning cost, runs int) error {
	edits, err := measure(runs, plimsoll, "harden", corpus, "--risky")
	if err != nil {
		return err
	}
	careful, err := measure(runs, plimsoll, "harden", corpus)
	if err != nil {
		return err
	}
	fmt.Printf("real:    plimsoll harden --risky %s  = %.2f x scan\n", edits, ratio(edits.cpu, scanning.cpu))
	fmt.Printf("real:    plimsoll harden  %s  = %.2f x scan\n", careful, ratio(careful.cpu, scanning.cpu))
	return nil
}

// peers runs the other scanners that are on PATH over the same files.
func peers(corpus string, ours cost, runs int) error {
	if _, err := exec.LookPath("kube-score"); err != nil {
		fmt.Println("real:    kube-score is not on PATH, left out")
		return nil //nolint:nilerr // a peer that is not there is no error
	}
	var files []string
	err := eachFile(corpus, func(path string) error {
		if filepath.Ext(path) != ".json" && readable(path) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	theirs, err := measure(runs, "kube-score", append([]string{"score", "--output-format", "ci"}, files...)...)
	if err != nil {
		return err
	}
	fmt.Printf("real:    kube-score       %s  = %.2f x our wall time\n", theirs, ratio(theirs.wall, ours.wall))
	return nil
}

// readable says whether kube-score can read a file: it gives up on all files at the first broken one.
func readable(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	decoder := yaml.NewDecoder(f)
	for {
		var document struct{ Kind string }
		if err := decoder.Decode(&document); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// growth compares a thousand applications with five thousand: linear is five times.
func growth(self, plimsoll string, runs int) error {
	folder, err := os.MkdirTemp("", "plimsoll-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	small, large := filepath.Join(folder, "1000"), filepath.Join(folder, "5000")
	if err := errors.Join(generate(small, 1000, 400), generate(large, 5000, 2000)); err != nil {
		return err
	}
	var costs []cost
	for _, input := range []string{small, large} {
		c, err := measure(runs, plimsoll, scanArgs(input)...)
		if err != nil {
			return err
		}
		documents, bytes, err := size(input)
		if err != nil {
			return err
		}
		fmt.Printf("growth:  %s applications, %d documents, %.1f MB: %s\n", filepath.Base(input), documents, float64(bytes)/1e6, c)
		costs = append(costs, c)
	}
	yardstick, err := measure(runs, self, "-decode", large)
	if err != nil {
		return err
	}
	fmt.Printf("growth:  5 x the input takes %.2f x the CPU time; %.2f x the CPU time of decoding only\n",
		ratio(costs[1].cpu, costs[0].cpu), ratio(costs[1].cpu, yardstick.cpu))
	return nil
}

func size(folder string) (documents, bytes int, err error) {
	err = eachFile(folder, func(path string) error {
		text, err := os.ReadFile(path)
		documents += strings.Count(string(text), "\nkind: ")
		bytes += len(text)
		return err
	})
	return documents, bytes, err
}

func ratio[T ~int64](a, b T) float64 { return float64(a) / float64(max(b, 1)) }
