package rehearse

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestObjects rehearses changes by the objects that are there. Cases are as those of TestEvidence.
func TestObjects(t *testing.T) {
	files, err := filepath.Glob("testdata/objects/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := rehearsed(t, archive)
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *updateEvidence {
				if i < 0 {
					i, archive.Files = len(archive.Files), append(archive.Files, txtar.File{Name: "want"})
				}
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if i < 0 || string(archive.Files[i].Data) != got {
				t.Errorf("got\n%s", got)
			}
		})
	}
}
