package report

import (
	"bytes"
	"io"
	"testing"
)

// FuzzRead checks that no file makes Read, or a format that renders what it read, fail in another way than by an error.
func FuzzRead(f *testing.F) {
	for _, d := range []*Document{shop(), hostile(), empty()} {
		var text bytes.Buffer
		if err := WriteJSON(&text, d, Options{}); err != nil {
			f.Fatal(err)
		}
		f.Add(text.Bytes())
	}
	f.Add([]byte(`{"apiVersion":"plimsoll.io/v1","kind":"Report","results":[{"control":"a","severity":"none","status":"fail","findings":[{}]}]}`))
	f.Add([]byte(`{"apiVersion":"plimsoll.io/v1","kind":"Report","summary":{"coverage":1e308,"errors":-1},"frameworks":[{"requirements":[{}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, format := range Formats() {
			if err := format.Write(io.Discard, d, Options{}); err != nil {
				t.Errorf("%s: %v", format.Name, err)
			}
		}
	})
}
