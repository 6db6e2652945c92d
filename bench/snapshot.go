package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/inventory/snapshot"
)

// loadSnapshot reads a snapshot as commands do before they start to work.
func loadSnapshot(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	inv, err := snapshot.Read(f)
	if err != nil {
		return err
	}
	bootstrap.Mark(inv.All(), inv.Version)
	return nil
}

// unpackSnapshot is the yardstick: every member hashed and unpacked, one after another, nothing else.
func unpackSnapshot(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	members := tar.NewReader(f)
	for {
		head, err := members.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		packed, err := io.ReadAll(members)
		if err != nil {
			return err
		}
		_ = sha256.Sum256(packed)
		if filepath.Ext(head.Name) != ".gz" {
			continue // the manifest
		}
		zip, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, zip); err != nil {
			return err
		}
	}
}

// loading compares loading a large cluster's snapshot with only unpacking it, without and with workloads.
func loading(self string, runs int) error {
	folder, err := os.MkdirTemp("", "plimsoll-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for _, workloads := range []string{"0", "20000"} {
		file := filepath.Join(folder, workloads+snapshot.Extension)
		// In a process of its own: a child's peak memory counts that of the process that starts it.
		generate := exec.Command(self, "rbac-cluster", "-o", file, "-workloads", workloads)
		generate.Stderr = os.Stderr
		if err := generate.Run(); err != nil {
			fmt.Println("loading: no cluster could be generated, left out")
			return nil //nolint:nilerr // the default roles come from a module that may be out of reach
		}
		yardstick, err := measure(max(runs, 5), self, "snapshot-unpack", file)
		if err != nil {
			return err
		}
		ours, err := measure(max(runs, 5), self, "snapshot-load", file)
		if err != nil {
			return err
		}
		fmt.Printf("loading: RBAC of a large cluster and %5s workloads: %s  = %.2f x the CPU time, %.2f x the wall time of unpacking alone\n",
			workloads, ours, ratio(ours.cpu, yardstick.cpu), ratio(ours.wall, yardstick.wall))
	}
	return nil
}
