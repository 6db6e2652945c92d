package scan

import (
	"path"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// The states of an exception.
const (
	Used    = "used"
	Unused  = "unused"
	Expired = "expired"
)

// exceptions matches findings against the user's exceptions and, when asked, the annotations of other scanners.
type exceptions struct {
	list   []ExceptionUse
	inline bool
	now    time.Time
}

func newExceptions(opts Options) *exceptions {
	e := &exceptions{inline: opts.HonourAnnotations, now: opts.Now}
	for _, x := range opts.Exceptions {
		use := ExceptionUse{Exception: x, State: Unused, TooBroad: tooBroad(x)}
		if opts.Now.UTC().Truncate(24 * time.Hour).After(x.Expires) {
			use.State = Expired
		}
		e.list = append(e.list, use)
	}
	return e
}

// apply moves accepted findings from Findings to Excepted. An expired exception accepts nothing, but counts.
func (e *exceptions) apply(inv *inventory.Inventory, r *Result) {
	if len(e.list) == 0 && !e.inline {
		return
	}
	kept := r.Findings[:0]
	for _, f := range r.Findings {
		name, ok := e.accepts(inv, r.Control.ID, f)
		if ok {
			r.Excepted = append(r.Excepted, Excepted{Finding: f, Exception: name})
			continue
		}
		kept = append(kept, f)
	}
	r.Findings = kept
}

// accepts returns the name of the first exception that accepts the finding. Every matching one counts it.
func (e *exceptions) accepts(inv *inventory.Inventory, controlID string, f finding.Finding) (name string, ok bool) {
	o := inv.Get(f.Object.Group(), f.Object.Kind, f.Object.Namespace, f.Object.Name)
	for i := range e.list {
		x := &e.list[i]
		if !matchAny(x.Controls, controlID) || !selects(x.Objects, f, o) {
			continue
		}
		x.Matched++
		if x.State == Expired {
			continue
		}
		x.State = Used
		if !ok {
			name, ok = x.Name, true
		}
	}
	if !ok && e.inline && o != nil {
		return ignoredBy(o.Annotations(), controlID, e.now)
	}
	return name, ok
}

func (e *exceptions) uses() []ExceptionUse { return e.list }

// Fits says whether a value fits one of the patterns of an exception; no patterns fit everything.
func Fits(patterns []string, value string) bool { return matches(patterns, value) }

// Selects says whether an exception's selector chooses an object, whatever its paths are.
func Selects(s finding.Selector, o *inventory.Object) bool {
	s.Paths = nil
	return selects(s, finding.Finding{Object: o.Ref}, o)
}

func selects(s finding.Selector, f finding.Finding, o *inventory.Object) bool {
	if !matches(s.Namespaces, f.Object.Namespace) || !matches(s.Kinds, f.Object.Kind) ||
		!matches(s.Names, f.Object.Name) || !matches(s.Paths, string(f.Path)) {
		return false
	}
	if len(s.Labels) == 0 {
		return true
	}
	if o == nil {
		return false
	}
	labels := o.Labels()
	for k, v := range s.Labels {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// matches says whether value fits one of the patterns; no patterns fit everything.
func matches(patterns []string, value string) bool {
	return len(patterns) == 0 || matchAny(patterns, value)
}

func matchAny(patterns []string, value string) bool {
	for _, p := range patterns {
		if p == value || p == "*" {
			return true
		}
		// Brackets are part of paths ("containers[name=web]"), not character classes.
		escaped := strings.NewReplacer(`[`, `\[`, `\`, `\\`).Replace(p)
		// "/" is no separator here.
		if ok, _ := path.Match(strings.ReplaceAll(escaped, "/", "\x00"), strings.ReplaceAll(value, "/", "\x00")); ok {
			return true
		}
	}
	return false
}

// tooBroad says why an exception hides more than one should, "" if it does not.
func tooBroad(x finding.Exception) string {
	s := x.Objects
	switch {
	case matchAny(x.Controls, "any-control-at-all"):
		return "it names every control"
	case len(s.Namespaces) == 0 && len(s.Kinds) == 0 && len(s.Names) == 0 && len(s.Labels) == 0:
		return "it selects every object"
	case everything(s.Namespaces) && everything(s.Kinds) && everything(s.Names) && len(s.Labels) == 0:
		return "its wildcards select every object"
	}
	return ""
}

func everything(patterns []string) bool {
	return len(patterns) == 0 || matchAny(patterns, "any-name-at-all")
}
