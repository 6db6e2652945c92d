package admission

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/policy"
)

// ParseMinor reads "1.33", "v1.33" or "v1.33.4" as the minor version "1.33". It has to be one whose policy language is
// known; "" means the newest of them.
func ParseMinor(text string) (string, error) {
	if text == "" {
		return policy.Newest, nil
	}
	parts := strings.Split(strings.TrimPrefix(text, "v"), ".")
	if len(parts) == 2 || len(parts) == 3 {
		minor := parts[0] + "." + parts[1]
		for _, m := range Minors() {
			if m == minor {
				return m, nil
			}
		}
	}
	return "", fmt.Errorf("the policy language of Kubernetes %q is not known: use a version from %s to %s", text, policy.Oldest, policy.Newest)
}

// Minors are the minor versions whose policy language is known, the oldest first.
func Minors() []string {
	var out []string
	for n := number(policy.Oldest); n <= number(policy.Newest); n++ {
		out = append(out, "1."+strconv.Itoa(n))
	}
	return out
}

func newer(a, b string) bool { return number(a) > number(b) }

// number is the 33 of "1.33".
func number(minor string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(minor, "1."))
	return n
}
