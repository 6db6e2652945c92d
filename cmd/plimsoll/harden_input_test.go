package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/plimsoll-io/plimsoll/harden"
)

// Unusual texts are edited as meant or refused with a reason, and then not changed by a byte.
func TestHardenUnusualTexts(t *testing.T) {
	const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec:\n  containers:\n"
	const first = "  - name: one\n    image: a:1\n    securityContext: &open\n      privileged: true # as ever\n      runAsUser: 7\n"
	for name, test := range map[string]struct{ text, want, refused string }{
		"an alias changes with its anchor": {
			text: head + first + "  - name: two\n    image: b:1\n    securityContext: *open\n",
			want: head + strings.Replace(first, "true", "false", 1) + "  - name: two\n    image: b:1\n    securityContext: *open\n",
		},
		"a merge key follows its anchor": {
			text: head + first + "  - name: two\n    image: b:1\n    securityContext:\n      <<: *open\n      runAsUser: 8\n",
			want: head + strings.Replace(first, "true", "false", 1) + "  - name: two\n    image: b:1\n    securityContext:\n      <<: *open\n      runAsUser: 8\n",
		},
		"a field from a merge key outside of the pod is overridden": {
			text: "x-open: &open\n  privileged: true\n" + head + "  - name: one\n    image: a:1\n    securityContext:\n      <<: *open\n",
			want: "x-open: &open\n  privileged: true\n" + head + "  - name: one\n    image: a:1\n    securityContext:\n      <<: *open\n      privileged: false\n",
		},
		"Windows line ends stay": {
			text: strings.ReplaceAll(head+first, "\n", "\r\n"),
			want: strings.ReplaceAll(head+strings.Replace(first, "true", "false", 1), "\n", "\r\n"),
		},
		"a byte order mark stays": {
			text: "\xef\xbb\xbf" + head + first,
			want: "\xef\xbb\xbf" + head + strings.Replace(first, "true", "false", 1),
		},
		"no line break at the end": {
			text: head + "  - {name: one, image: a, securityContext: {privileged: true}}",
			want: head + "  - {name: one, image: a, securityContext: {privileged: false}}",
		},
		"UTF-16":         {text: utf16LE(head + first), refused: "UTF-16"},
		"a tag":          {text: head + "  - name: one\n    image: a:1\n    securityContext:\n      privileged: !!bool true\n", refused: "tag"},
		"a repeated key": {text: head + first + "      runAsUser: 9\n", refused: "repeated"},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, "app.yaml", test.text)
			args := []string{"harden", file, "--risky", "--control", "privileged-container", "--apply"}
			_, stderr, code := plimsoll(t, "", args...)
			want, wantCode := test.want, exitOK
			if test.refused != "" {
				want, wantCode = test.text, exitIncomplete
			}
			if code != wantCode || !strings.Contains(stderr, test.refused) {
				t.Errorf("exit code %d: %s", code, stderr)
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != want {
				t.Errorf("%v: %q, want %q", err, got, want)
			}
			if test.refused != "" {
				return
			}
			if _, stderr, code := plimsoll(t, "", args...); code != exitOK || !strings.Contains(stderr, "No edits") {
				t.Errorf("a second run: exit code %d: %s", code, stderr)
			}
		})
	}
}

func utf16LE(text string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return string(out)
}

// A link inside of the folder stays a link: the file behind it is written, once.
func TestHardenFollowsLinksInside(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "base.txt"), filepath.Join(dir, "app.yaml")
	if err := os.WriteFile(target, []byte(privileged), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("base.txt", link); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := plimsoll(t, "", "harden", dir, "--risky", "--control", "privileged-container", "--apply"); code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if got, err := os.Readlink(link); err != nil || got != "base.txt" {
		t.Errorf("the link leads to %q: %v", got, err)
	}
	if got, err := os.ReadFile(target); err != nil || !strings.Contains(string(got), "privileged: false") {
		t.Errorf("%v: %s", err, got)
	}
}

// What changed since it was read, appeared or went away is not overwritten, nor is anything beside it.
func TestWriteFilesChecksFirst(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"has changed":      func(dir string) error { return os.WriteFile(filepath.Join(dir, "b.yaml"), []byte("mine"), 0o600) },
		"no such file":     func(dir string) error { return os.Remove(filepath.Join(dir, "b.yaml")) },
		"is there already": func(dir string) error { return os.WriteFile(filepath.Join(dir, "c.yaml"), []byte("mine"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := []harden.File{
				{Name: filepath.Join(dir, "a.yaml"), Old: []byte("old"), New: []byte("new")},
				{Name: filepath.Join(dir, "b.yaml"), Old: []byte("old"), New: []byte("new")},
				{Name: filepath.Join(dir, "c.yaml"), New: []byte("new")},
			}
			for _, f := range files[:2] {
				if err := os.WriteFile(f.Name, f.Old, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			if err := writeFiles(files, []string{dir}); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "nothing was written") {
				t.Errorf("the error is %v", err)
			}
			if got, err := os.ReadFile(files[0].Name); err != nil || string(got) != "old" {
				t.Errorf("a file was written: %q, %v", got, err)
			}
			left, err := filepath.Glob(filepath.Join(dir, ".plimsoll-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
