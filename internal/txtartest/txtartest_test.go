package txtartest

import (
	"strings"
	"testing"
)

const good = `What is tested.
-- fail: a --
x: 1
-- settings --
params: {}
-- want --
Pod a/b c line 1
-- fixed --
x: 2
-- pass: b --
x: 2
`

func TestRoundTrip(t *testing.T) {
	f, err := parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) != 2 || f.Cases[0].Word != Fail || f.Cases[0].Name != "a" || f.Cases[1].Want != nil {
		t.Errorf("cases %+v", f.Cases)
	}
	if got := string(f.Format()); got != good {
		t.Errorf("Format:\n%s", got)
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"-- fail: a --\nx: 1\n":                       "does not say what is tested",
		"T.\n-- maybe: a --\n":                        "starts with none of",
		"T.\n-- want --\n":                            "before the first case",
		"T.\n-- pass: a --\n-- pass: a --\n":          "twice",
		"T.\n-- pass: a --\n-- wants --\n":            "neither a case",
		"T.\n-- fail: a --\n-- want --\n-- want --\n": "two sections",
	} {
		if _, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v: want one with %q", text, err, want)
		}
	}
}
