package report

import (
	"io"
	"testing"
)

// BenchmarkWrite writes 80 controls over 500 applications in every format; each application has a finding and a passed
// object for each control.
func BenchmarkWrite(b *testing.B) {
	d := large(80, 500)
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) { write(b, f.Write, d) })
	}
}

// BenchmarkWriteJSONLarge is the same with 5,000 applications, 800,000 entries.
func BenchmarkWriteJSONLarge(b *testing.B) { write(b, WriteJSON, large(80, 5000)) }

func write(b *testing.B, write Writer, d *Document) {
	b.ReportAllocs()
	for b.Loop() {
		if err := write(io.Discard, d, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
