package usage

import (
	"slices"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// UnusedOptions say what to compare.
type UnusedOptions struct {
	// Defaults also looks at the bindings that Kubernetes itself installs.
	Defaults bool
	// Inventory names CronJobs that need not have run; may be nil.
	Inventory *inventory.Inventory
	Warn      WarnOptions
}

// A Report compares what was used with what is granted.
type Report struct {
	// First and Last are the observation window, Gaps the time in it without events.
	First    time.Time       `json:"first"`
	Last     time.Time       `json:"last"`
	Gaps     []auditlog.Gap  `json:"gaps"`
	Warnings []Warning       `json:"warnings"`
	Subjects []SubjectReport `json:"subjects"`
}

// A SubjectReport is about one subject that bindings name, or that was seen.
type SubjectReport struct {
	Subject rbac.Subject `json:"subject"`
	// Seen says whether it made a request, or a member of the group did; First and Last when.
	Seen    bool      `json:"seen"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Members int       `json:"members,omitempty"` // of the group that were seen
	// Grants are by the bindings that name the subject itself. What its groups have is said of the groups.
	Grants []GrantReport `json:"grants"`
	// Elsewhere are rights that it used and that nothing here grants: other authorizers did, or roles that are gone.
	Elsewhere []*Use    `json:"elsewhere,omitempty"`
	Warnings  []Warning `json:"warnings"`
}

// A GrantReport is about what one binding grants to a subject.
type GrantReport struct {
	Binding *rbac.Binding `json:"-"`
	Rules   []RuleReport  `json:"rules"` // none when Unused
	// Unused says that no rule was used: the binding could go.
	Unused bool      `json:"unused"`
	Last   time.Time `json:"last"`
}

// Unused are the rights that subjects have and did not use, and those that they used. A request that several grants allow
// counts as a use of all of them.
func (u *Usage) Unused(a *rbac.Authorizer, options UnusedOptions) *Report {
	c := &comparison{usage: u, authorizer: a, options: options, marks: map[mark][][]*Use{}, groups: map[string]*SubjectReport{}}
	elsewhere := map[rbac.Subject][]*Use{}
	for _, s := range u.Subjects() {
		elsewhere[s.Subject] = c.observe(s)
	}
	s := u.Summary
	report := &Report{First: s.First, Last: s.Last, Gaps: s.Gaps, Warnings: u.windowWarnings(options.Warn)}
	for _, subject := range c.subjects() {
		r := c.subject(subject)
		r.Elsewhere = elsewhere[subject]
		if len(r.Grants) > 0 || len(r.Elsewhere) > 0 {
			report.Subjects = append(report.Subjects, r)
		}
	}
	return report
}

// A mark is where uses are noted: by rule of a binding, for one subject that it names.
type mark struct {
	binding *rbac.Binding
	subject rbac.Subject
}

type comparison struct {
	usage      *Usage
	authorizer *rbac.Authorizer
	options    UnusedOptions
	marks      map[mark][][]*Use
	groups     map[string]*SubjectReport // what is known of groups from their members
}

// observe notes what a subject used, and returns what no grant explains.
func (c *comparison) observe(s *Subject) (elsewhere []*Use) {
	id := s.Identity()
	callers := []rbac.Subject{s.Subject}
	for _, name := range id.Groups {
		callers = append(callers, rbac.Subject{Kind: rbac.GroupKind, Name: name})
		c.member(name, s)
	}
	used := s.Used()
	explained := make([]bool, len(used))
	for _, caller := range callers {
		for _, b := range c.authorizer.BindingsOf(caller) {
			if b.Role != nil {
				c.compare(b, caller, used, explained)
			}
		}
	}
	if slices.Contains(id.Groups, rbac.Masters) {
		return nil // the group is allowed everything
	}
	for i, u := range used {
		if !explained[i] {
			elsewhere = append(elsewhere, u)
		}
	}
	return elsewhere
}

func (c *comparison) member(group string, s *Subject) {
	r := c.groups[group]
	if r == nil {
		r = &SubjectReport{}
		c.groups[group] = r
	}
	r.Members++
	if r.First.IsZero() || !s.First.IsZero() && s.First.Before(r.First) {
		r.First = s.First
	}
	if s.Last.After(r.Last) {
		r.Last = s.Last
	}
}

// compare notes which rules of a binding allow the uses.
func (c *comparison) compare(b *rbac.Binding, caller rbac.Subject, used []*Use, explained []bool) {
	var byRule [][]*Use
	for i, u := range used {
		if b.Namespace != "" && (u.Namespace != b.Namespace || u.Path != "") {
			continue
		}
		for r := range b.Role.Rules {
			if !covers(&b.Role.Rules[r], u) {
				continue
			}
			explained[i] = true
			if byRule == nil {
				byRule = c.marks[mark{b, caller}]
			}
			if byRule == nil {
				byRule = make([][]*Use, len(b.Role.Rules))
				c.marks[mark{b, caller}] = byRule
			}
			byRule[r] = append(byRule[r], u)
		}
	}
}

// covers says whether a rule allows a request of the use. Where not all names were kept it may have, and counts as used.
func covers(rule *rbac.Rule, u *Use) bool {
	if len(rule.ResourceNames) == 0 || u.Path != "" {
		return rule.Allows(u.Request(""))
	}
	if !rule.Allows(u.Request(rule.ResourceNames[0])) {
		return false
	}
	return u.OtherNames > 0 || slices.ContainsFunc(rule.ResourceNames, u.named)
}

// named says whether a request named the object; none did for "".
func (u *Use) named(name string) bool {
	if name == "" {
		return u.Unnamed > 0
	}
	_, ok := u.names[name]
	return ok
}

// subjects are all that bindings name or that were seen, sorted.
func (c *comparison) subjects() []rbac.Subject {
	out := c.authorizer.Subjects()
	for _, s := range c.usage.Subjects() {
		out = append(out, s.Subject)
	}
	slices.SortFunc(out, rbac.Subject.Compare)
	return slices.Compact(out)
}

func (c *comparison) subject(s rbac.Subject) SubjectReport {
	r := SubjectReport{Subject: s}
	if s.Kind == rbac.GroupKind {
		if g := c.groups[s.Name]; g != nil {
			r.Seen, r.First, r.Last, r.Members = true, g.First, g.Last, g.Members
		}
	} else if seen := c.usage.Of(s); seen != nil {
		r.Seen, r.First, r.Last = true, seen.First, seen.Last
		r.Warnings = seen.warnings(c.options.Warn)
	}
	for _, b := range c.authorizer.BindingsOf(s) {
		if b.Role == nil || b.Default && !c.options.Defaults {
			continue
		}
		r.Grants = append(r.Grants, c.grant(b, s))
	}
	r.Warnings = append(r.Warnings, cronWarnings(c.options.Inventory, s, c.usage.Summary.Window())...)
	return r
}

func (c *comparison) grant(b *rbac.Binding, s rbac.Subject) GrantReport {
	g := GrantReport{Binding: b}
	byRule := c.marks[mark{b, s}]
	if g.Unused = byRule == nil; g.Unused {
		return g // clusters have many of these, of roles with many rules
	}
	for i, uses := range byRule {
		r := ruleReport(i, &b.Role.Rules[i], uses)
		if r.Last.After(g.Last) {
			g.Last = r.Last
		}
		g.Rules = append(g.Rules, r)
	}
	return g
}
