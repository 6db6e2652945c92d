//go:build !linux

package controlplane

import "syscall"

func diesWithTest() *syscall.SysProcAttr { return nil }
