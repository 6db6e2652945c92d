package identity

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Options say how names in files become names in Kubernetes.
type Options struct {
	// UserPrefix and GroupPrefix are what the API server puts before the names of the identity provider ("oidc:"). EKS
	// entries name Kubernetes names already and get none.
	UserPrefix, GroupPrefix string
	// UserName is the attribute or column that holds the user name: mail, uid, userPrincipalName, cn, userName… Letter
	// case does not matter. "" takes the usual one of each format.
	UserName string
	// GroupName is the same for groups: cn, displayName, dn…
	GroupName string
	// MaxMemberships bounds the memberships of a file, and its users and groups; 0 means 5,000,000.
	MaxMemberships int
}

// maxLine bounds a line of CSV or LDIF, in bytes, and maxValue one value of JSON, which may be a group with all its
// members.
const (
	maxLine  = 1 << 20
	maxValue = 64 << 20
	lookInto = 4096 // what the format is told by
)

// Read reads one identity file. Name is for messages and Person.Sources. The content tells the format, not the name:
// JSON (SCIM 2.0 or EKS access entries; one value or many), LDIF, else CSV. A file that is neither gives an error that
// names the line or the byte; warnings tell of parts that were not understood.
func Read(name string, r io.Reader, opts Options) (*Directory, []Warning, error) {
	if isSecret(opts.UserName) || isSecret(opts.GroupName) {
		return nil, nil, fmt.Errorf("read %s: an attribute that may hold a password names nobody", name)
	}
	in := bufio.NewReaderSize(r, lookInto)
	start, err := in.Peek(lookInto)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("read %s: %w", name, err)
	}
	if bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) {
		decoder := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
		in = bufio.NewReaderSize(transform.NewReader(in, decoder), lookInto)
		if start, err = in.Peek(lookInto); err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if bom := []byte("\ufeff"); bytes.HasPrefix(start, bom) {
		start = start[len(bom):]
		_, _ = in.Discard(len(bom)) // they were just seen
	}
	f := &file{builder: newBuilder(name, opts.MaxMemberships), opts: opts, warnings: warnings{file: name}}
	if err := f.read(in, start); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", name, err)
	}
	d := f.freeze()
	f.compareNames(d)
	return d, f.list(), nil
}

// A file is one file being read.
type file struct {
	*builder
	warnings
	opts Options
}

func (f *file) read(in *bufio.Reader, start []byte) error {
	parse := f.readCSV
	switch first := firstLine(start); {
	case strings.HasPrefix(first, "{"), strings.HasPrefix(first, "["):
		parse = f.readJSON
	case hasPrefixFold(first, "dn:"), hasPrefixFold(first, "version:"):
		parse = f.readLDIF
	case hasPrefixFold(first, "apiVersion:"), strings.HasPrefix(first, "---"):
		return errors.New("it is YAML: identity files are CSV, LDIF or JSON, and the aws-auth ConfigMap is read with the other manifests")
	case first == "" && len(start) < lookInto:
		return errors.New("it is empty")
	}
	if err := parse(in); err != nil {
		return err
	}
	return f.err
}

// firstLine is the first line that is neither blank nor a comment.
func firstLine(text []byte) string {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return string(line)
		}
	}
	return ""
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// userNamed returns the user whose name the provider gives.
func (f *file) userNamed(line int, name string) (id int32, known bool) {
	return f.user(f.opts.UserPrefix + f.text(line, name))
}

// groupNamed returns the group whose name the provider gives.
func (f *file) groupNamed(line int, name string) (id int32, known bool) {
	return f.group(f.opts.GroupPrefix + f.text(line, name))
}

// text is a value without space around it and with its broken characters replaced, which gives a warning.
func (f *file) text(line int, value string) string {
	value = strings.TrimSpace(value)
	if valid := strings.ToValidUTF8(value, "\ufffd"); valid != value {
		f.warn(line, "%s is not valid UTF-8: its broken characters were replaced, so it may fit no name in the cluster", quote(valid))
		return valid
	}
	return value
}

// A meter lets through a number of bytes, which is set anew for every record, so that no record needs more memory.
type meter struct {
	in   io.Reader
	left int
}

var errTooLong = errors.New("too long")

func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errTooLong
	}
	n, err := m.in.Read(p)
	m.left -= n
	return n, err
}

// isSecret says whether an attribute may hold a password.
func isSecret(attribute string) bool {
	attribute = strings.ToLower(attribute)
	for _, part := range []string{"password", "passwd", "pwd", "secret", "token", "privatekey"} {
		if strings.Contains(attribute, part) {
			return true
		}
	}
	return false
}
