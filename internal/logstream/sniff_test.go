package logstream

import (
	"bytes"
	"encoding/json"
	"testing"
)

// Sniffing gives an answer for every beginning, and events on lines are never taken for a document.
func FuzzSniff(f *testing.F) {
	for _, seed := range []string{"{\"a\":1}\n{\"b\":2}", "{\n \"a\": 1\n}", "[\n{}]", "[2026-01-02T03:04:05Z] \"GET / HTTP/1.1\" 200",
		"a,b\nc,d", "\n\n{\"a\":", "[202", "[{\"a\":1}]\n"} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, head []byte, whole bool) {
		got := sniff(head, whole)
		line, _, found := bytes.Cut(head, []byte("\n"))
		if found && len(line) > 0 && line[0] == '{' && json.Valid(line) && got != lines {
			t.Fatal("lines are taken for a document")
		}
		if len(head) > 0 && head[0] == '[' && !isDated(head) && got != document {
			t.Fatal("an array is taken for lines")
		}
	})
}
