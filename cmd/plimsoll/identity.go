package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/identity"
)

// IdentityOptions say who is in which group.
type IdentityOptions struct {
	Files []string
	Names identity.Options
}

// AddFlags declares the flags.
func (o *IdentityOptions) AddFlags(f *pflag.FlagSet) {
	f.StringSliceVar(&o.Files, "identity", nil, "`file` that says who is in which group: CSV, LDIF, SCIM or EKS access entries (repeatable)")
	f.StringVar(&o.Names.UserPrefix, "user-prefix", "", "what the API server puts before user names of --identity, such as oidc:")
	f.StringVar(&o.Names.GroupPrefix, "group-prefix", "", "what the API server puts before group names of --identity")
	f.StringVar(&o.Names.UserName, "identity-user", "", "`attribute` or column of --identity that holds the user name")
	f.StringVar(&o.Names.GroupName, "identity-group", "", "`attribute` or column of --identity that holds the group name")
}

// read reads the files; warnings go to stderr.
func (o *IdentityOptions) read(stderr io.Writer) (*identity.Directory, error) {
	var all []*identity.Directory
	for _, file := range o.Files {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("open identity file: %w", err)
		}
		d, warnings, err := identity.Read(filepath.ToSlash(file), f, o.Names)
		_ = f.Close() // only read
		if err != nil {
			return nil, fmt.Errorf("read identity file: %w", err)
		}
		warn(stderr, warnings)
		all = append(all, d)
	}
	return identity.Merge(all...), nil
}

// withAWSAuth adds what the inventory's aws-auth ConfigMap says.
func withAWSAuth(people *identity.Directory, inv *inventory.Inventory, stderr io.Writer) *identity.Directory {
	mapped, warnings := identity.FromInventory(inv)
	warn(stderr, warnings)
	return identity.Merge(people, mapped)
}

// membersOf names the active people of groups.
func membersOf(people *identity.Directory) func(group string) []string {
	return func(group string) []string {
		var names []string
		for _, p := range people.Members(group) {
			if p.Active {
				names = append(names, p.User)
			}
		}
		return names
	}
}

func warn(stderr io.Writer, warnings []identity.Warning) {
	for _, w := range warnings {
		where := w.File
		if w.Line > 0 {
			where += fmt.Sprintf(" line %d", w.Line)
		}
		fmt.Fprintf(stderr, "plimsoll: %s: %s\n", where, w.Reason)
	}
}
