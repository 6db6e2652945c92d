package textdiff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnified(t *testing.T) {
	var numbers []string
	for i := range 30 {
		numbers = append(numbers, fmt.Sprint(i))
	}
	before := strings.Join(numbers, "\n")
	after := strings.NewReplacer("\n5\n", "\nfive\n", "\n20\n", "\n20\nmore\n", "\n29", "\n30").Replace(before)
	want := `--- a/x.yaml
+++ b/x.yaml
@@ -4,6 +4,6 @@
 3
 4
-5
+five
 6
 7
 8
@@ -19,6 +19,7 @@
 18
 19
 20
+more
 21
 22
 23
@@ -27,4 +28,4 @@
 26
 27
 28
-29
\ No newline at end of file
+30
\ No newline at end of file
`
	for text, want := range map[string]string{after: want, before: ""} {
		var out strings.Builder
		if err := Unified(&out, "/x.yaml", []byte(before), []byte(text), func(l string) bool { return l == "2\n" }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Error(diff)
		}
	}
}
