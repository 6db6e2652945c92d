package controlplane

import "syscall"

// diesWithTest ends a process with the test that started it, also when that is killed.
func diesWithTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
