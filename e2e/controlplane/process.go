package controlplane

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// A process is one running part of a control plane. Its output goes to a log file.
type process struct {
	name    string
	log     string
	command *exec.Cmd
	done    chan struct{} // closed when it has ended
}

func startProcess(folder, binary string, arguments ...string) (*process, error) {
	p := &process{name: filepath.Base(binary), done: make(chan struct{})}
	p.log = filepath.Join(folder, p.name+".log")
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", p.name, err)
	}
	p.command = exec.Command(binary, arguments...)
	p.command.Stdout, p.command.Stderr = out, out
	p.command.SysProcAttr = diesWithTest()
	if err := p.command.Start(); err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		_ = p.command.Wait()
		_ = out.Close()
		close(p.done)
	}()
	return p, nil
}

// stop ends the process, kindly at first.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.command.Process.Kill()
		<-p.done
	}
}

var errEnded = errors.New("has ended")

// failed says that the process has ended, and how its log ends.
func (p *process) failed() error {
	select {
	case <-p.done:
		text, _ := os.ReadFile(p.log)
		return fmt.Errorf("%s %w: %s", p.name, errEnded, text[max(0, len(text)-2000):])
	default:
		return nil
	}
}

// freePorts finds n free ports on loopback.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = l.Close() }() // after all of them are found, so that they differ
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
