package graph

import "testing"

func BenchmarkSVG(b *testing.B) {
	g := big(2000)
	g.Most = -1
	for b.Loop() {
		if err := SVG(discard{}, g); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
