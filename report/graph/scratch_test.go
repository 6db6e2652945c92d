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
		f, _ = os.Create(dir + "/" + name + ".html")
		if err := HTML(f, g); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}
