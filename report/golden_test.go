package report

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden compares each format's rendering of the shop with testdata/shop.<format>.<extension>. Read the files after
// an update: they are what people get.
func TestGolden(t *testing.T) {
	want := map[string]bool{}
	check := func(name string, write Writer, opts Options) {
		t.Run(name, func(t *testing.T) {
			want[name] = true
			file := filepath.Join("testdata", name)
			got := render(t, write, shop(), opts)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(golden), got); diff != "" {
				t.Errorf("%s differs (-want +got); run with -update and read it:\n%s", file, diff)
			}
		})
	}
	for _, f := range Formats() {
		check("shop."+f.Name+"."+f.Extension, f.Write, Options{})
	}
	check("shop.table.wide.txt", WriteTable, Options{Width: 160})
	check("shop.table.verbose.txt", WriteTable, Options{Width: 80, Verbose: true})
	files, err := filepath.Glob(filepath.Join("testdata", "shop.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !want[filepath.Base(file)] {
			t.Errorf("%s belongs to no format", file)
		}
	}
}
