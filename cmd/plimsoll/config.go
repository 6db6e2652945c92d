package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
)

// defaultConfig is read when it is in the working directory and --config names no other file.
const defaultConfig = "plimsoll.yaml"

// maxConfig bounds a configuration file.
const maxConfig = 4 << 20

// A config is plimsoll.yaml.
type config struct {
	APIVersion   string                       `yaml:"apiVersion"`
	Kind         string                       `yaml:"kind"`
	Params       map[string]map[string]string `yaml:"params"`
	PodTemplates map[string]string            `yaml:"podTemplates"`
	Target       string                       `yaml:"target"`
	Exceptions   []configException            `yaml:"exceptions"`
}

// A configException is a finding.Exception as people write it.
type configException struct {
	Name       string         `yaml:"name"`
	Controls   []string       `yaml:"controls"`
	Objects    configSelector `yaml:"objects"`
	Reason     string         `yaml:"reason"`
	Owner      string         `yaml:"owner"`
	Ticket     string         `yaml:"ticket"`
	ApprovedBy string         `yaml:"approvedBy"`
	Expires    string         `yaml:"expires"`
}

type configSelector struct {
	Namespaces []string          `yaml:"namespaces"`
	Kinds      []string          `yaml:"kinds"`
	Names      []string          `yaml:"names"`
	Labels     map[string]string `yaml:"labels"`
	Paths      []string          `yaml:"paths"`
}

// loadConfig reads the configuration and the extra exceptions files. No file at all is an empty configuration.
func loadConfig(path string, exceptionFiles []string) (control.Settings, []finding.Exception, error) {
	var settings control.Settings
	files := exceptionFiles
	if path == "" {
		if _, err := os.Stat(defaultConfig); err == nil {
			path = defaultConfig
		}
	}
	if path != "" {
		files = append([]string{path}, files...)
	}
	var exceptions []finding.Exception
	names := map[string]string{}
	for i, file := range files {
		c, err := readConfig(file)
		if err != nil {
			return settings, nil, err
		}
		if i == 0 && path != "" {
			settings = control.Settings{Params: c.Params, PodTemplates: c.PodTemplates, Target: c.Target}
		}
		for _, x := range c.Exceptions {
			e, err := x.exception()
			if err != nil {
				return settings, nil, fmt.Errorf("%s: %w", file, err)
			}
			if other, taken := names[e.Name]; taken {
				return settings, nil, fmt.Errorf("%s: exception %q is also in %s: names must differ", file, e.Name, other)
			}
			names[e.Name] = file
			exceptions = append(exceptions, e)
		}
	}
	return settings, exceptions, nil
}

func readConfig(path string) (config, error) {
	var c config
	f, err := os.Open(path)
	if err != nil {
		return c, fmt.Errorf("open configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return c, fmt.Errorf("read configuration %s: %w", path, err)
	}
	if len(text) > maxConfig {
		return c, fmt.Errorf("read configuration %s: larger than %d MiB", path, maxConfig>>20)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("read configuration %s: %w", path, err)
	}
	if c.APIVersion != "plimsoll.io/v1" || c.Kind != "Config" {
		return c, fmt.Errorf("read configuration %s: it must start with apiVersion: plimsoll.io/v1 and kind: Config", path)
	}
	return c, nil
}

// exception checks that everything an auditor asks for is there.
func (x configException) exception() (finding.Exception, error) {
	e := finding.Exception{
		Name: x.Name, Controls: x.Controls, Reason: x.Reason, Owner: x.Owner, Ticket: x.Ticket, ApprovedBy: x.ApprovedBy,
		Objects: finding.Selector(x.Objects),
	}
	for _, field := range []struct{ name, value string }{
		{"name", x.Name}, {"controls", strings.Join(x.Controls, "")}, {"reason", x.Reason}, {"owner", x.Owner},
		{"ticket", x.Ticket}, {"approvedBy", x.ApprovedBy}, {"expires", x.Expires},
	} {
		if strings.TrimSpace(field.value) == "" {
			return e, fmt.Errorf("exception %q: %s is missing", x.Name, field.name)
		}
	}
	expires, err := time.Parse(time.DateOnly, x.Expires)
	if err != nil {
		return e, fmt.Errorf("exception %q: expires must be a day such as 2027-03-31, not %q", x.Name, x.Expires)
	}
	e.Expires = expires
	return e, nil
}

// checkExceptions refuses exceptions for controls that do not exist: a typing error would accept nothing, silently.
func checkExceptions(exceptions []finding.Exception, catalogue []control.Control) error {
	known := map[string]bool{}
	for _, c := range catalogue {
		known[c.ID] = true
	}
	for _, e := range exceptions {
		for _, id := range e.Controls {
			if !known[id] && !strings.ContainsAny(id, "*?") {
				return fmt.Errorf("exception %q: there is no control %q: see `plimsoll controls list`", e.Name, id)
			}
		}
	}
	return nil
}
