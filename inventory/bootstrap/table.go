package bootstrap

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// The minor versions in defaults.txt: 1.30 … 1.37.
const (
	oldest = 30
	newest = 37
)

// minors is a set of minor versions, one bit each.
type minors uint16

const allMinors = minors(1<<(newest-oldest+1) - 1)

func bit(minor int) minors { return 1 << (minor - oldest) }

// upTo is every known minor up to and including this one.
func upTo(minor int) minors { return bit(minor)<<1 - 1 }

type key struct{ kind, namespace, name string }

// An entry is what one default object is in every minor.
type entry struct {
	present minors
	// required are the atoms that the object has in a minor, allowed also those that a feature gate adds.
	required, allowed map[atom]minors
}

// defaultsFile lists the defaults. Written by gen; lines are
//
//	ClusterRole - system:node            an object: kind, namespace or "-", name
//	<tab>30-37 rX3… rKk…                 atoms that it has in these minors
//	<tab>33-34?,35-37 r0b…               in 1.33 and 1.34 only with a feature gate
//
//go:embed defaults.txt
var defaultsFile string

// table reads defaultsFile, once. That the file is well formed is a test's business.
var table = sync.OnceValue(func() map[key]*entry {
	t, err := parse(defaultsFile)
	if err != nil {
		panic("inventory/bootstrap: the embedded defaults.txt is broken: " + err.Error())
	}
	return t
})

func parse(text string) (map[key]*entry, error) {
	t := map[key]*entry{}
	var current *entry
	for n, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0, strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "\t"):
			if len(fields) != 3 {
				return nil, fmt.Errorf("line %d: want kind, namespace and name", n+1)
			}
			current = &entry{required: map[atom]minors{}, allowed: map[atom]minors{}}
			t[key{fields[0], strings.Trim(fields[1], "-"), fields[2]}] = current
		case current == nil:
			return nil, fmt.Errorf("line %d: atoms before an object", n+1)
		default:
			if err := current.add(fields[0], fields[1:]); err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
		}
	}
	return t, nil
}

// add takes one line of atoms with their minors.
func (e *entry) add(ranges string, atoms []string) error {
	for r := range strings.SplitSeq(ranges, ",") {
		r, gated := strings.CutSuffix(r, "?")
		in, err := parseRange(r)
		if err != nil {
			return err
		}
		e.present |= in
		for _, a := range atoms {
			e.allowed[atom(a)] |= in
			if !gated {
				e.required[atom(a)] |= in
			}
		}
	}
	return nil
}

// parseRange reads "34" or "30-37".
func parseRange(text string) (minors, error) {
	first, last, ok := strings.Cut(text, "-")
	if !ok {
		last = first
	}
	from, err := strconv.Atoi(first)
	if err != nil {
		return 0, err
	}
	to, err := strconv.Atoi(last)
	if err != nil {
		return 0, err
	}
	if from < oldest || to > newest || from > to {
		return 0, fmt.Errorf("minors %q are not within %d-%d", text, oldest, newest)
	}
	return upTo(to) &^ (bit(from) - 1), nil
}
