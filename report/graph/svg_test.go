package graph

import (
	"os"
	"testing"
)

func TestScratch(t *testing.T) {
	dir := os.Getenv("SCRATCH")
	if dir == "" {
		return
	}
	for name, g := range map[string]*Graph{"shop": shop(), "big": big(2000)} {
		f, _ := os.Create(dir + "/" + name + ".svg")
		if err := SVG(f, g); err != nil {
			t.Fatal(err)
		}
		f.Close()
		f, _ = os.Create(dir + "/" + name + ".mmd")
		Mermaid(f, g)
		f.Close()
	}
}

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
