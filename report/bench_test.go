package report

import (
	"io"
	"testing"
)

// BenchmarkWrite writes 80 controls over 5,000 applications, of which each has a finding and a passed object for
// each control.
func BenchmarkWrite(b *testing.B) {
	d := large(80, 5000)
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Write(io.Discard, d, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
