package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/plimsoll-io/plimsoll/internal/logstream"
)

// logInputs are the logs that arguments name; of folders, all files in them, and - is standard input. Files are opened when
// their turn comes. What they are is for errors: "audit log".
func logInputs(args []string, what string, stdin io.Reader) ([]logstream.Input, error) {
	var inputs []logstream.Input
	for _, arg := range args {
		if arg == "-" {
			inputs = append(inputs, logstream.FromReader("standard input", stdin))
			continue
		}
		err := filepath.WalkDir(arg, func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.Type().IsRegular() || path == arg && !entry.IsDir() {
				inputs = append(inputs, logstream.Input{Name: filepath.ToSlash(path), Open: func() (io.ReadCloser, error) { return os.Open(path) }})
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", what, err)
		}
	}
	if len(inputs) == 0 {
		return nil, fmt.Errorf("there is no file in %s", filepath.ToSlash(args[0]))
	}
	return inputs, nil
}
