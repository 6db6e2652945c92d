package display

import (
	"testing"
)

// TestCutFolders checks that whole folders go first, and that the end of a name stays.
func TestCutFolders(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"shop/web.yaml:27", 16, "shop/web.yaml:27"},
		{"/srv/apps/shop/web.yaml:27", 20, "…/shop/web.yaml:27"},
		{"/srv/apps/shop/web.yaml:27", 17, "…/web.yaml:27"},
		{"apps/echo-service.yaml:20", 20, "echo-service.yaml:20"},
		{"a-very-long-name-of-a-file.yaml:20", 16, "a-ver…le.yaml:20"},
	} {
		if got := CutFolders(c.in, c.width); got != c.want || Width(got) > c.width {
			t.Errorf("%s in %d columns: %s, want %s", c.in, c.width, got, c.want)
		}
	}
}
