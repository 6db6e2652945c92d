package access

import (
	"fmt"
	"testing"

	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

func TestHostileNames(t *testing.T) {
	for i, s := range answertest.Hostile() {
		t.Run(fmt.Sprint(i), func(t *testing.T) { checkNames(t, s) })
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range answertest.Hostile() {
		if len(s) < 100 { // long ones take long
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) { checkNames(t, s) })
}

func checkNames(t *testing.T, s string) {
	t.Helper()
	for name, d := range answers(t, s) {
		answertest.Check(t, name, d)
	}
}
