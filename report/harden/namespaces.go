package harden

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden/namespaces"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A NamespacesBody is a plan for namespaces, with what each of them can take.
type NamespacesBody struct {
	Body
	// Version is the version that levels are judged by and pinned to.
	Version    string                  `json:"version"`
	Namespaces []*namespaces.Namespace `json:"namespaces"`
}

// Namespaces is a plan for namespaces as a document: the levels that they can take, what stands in the way, and the plan.
func Namespaces(h Header, r *namespaces.Report, p *plan.Plan) *answer.Document {
	body := NamespacesBody{Body: BodyOf(h, p), Version: r.Pinned, Namespaces: append([]*namespaces.Namespace{}, r.Namespaces...)}
	levels := answer.Table{
		Title: "Pod Security levels, as of " + r.Pinned, Columns: []string{"namespace", "enforces", "can take", "next level"},
		Empty: "There is no namespace in what was read.",
	}
	blockers := answer.Table{
		Title: "What stands before the next level", Columns: []string{"namespace", "workload", "check", "fields"},
		Empty: "Nothing: every namespace can take the highest level.",
	}
	seen := map[string]bool{}
	common := commonReason(r.Namespaces)
	for _, ns := range r.Namespaces {
		if ns.Can == "" {
			continue // levels were not asked for
		}
		levels.Rows = append(levels.Rows, []string{ns.Name, enforced(ns), can(ns, common), next(ns)})
		if ns.System != "" {
			continue
		}
		for _, b := range ns.Blockers {
			for _, check := range b.Checks() {
				row := []string{ns.Name, b.Object.Kind + " " + b.Object.Name, check, fields(&b, check)}
				// The same object in several files is judged in each, and said once.
				if key := strings.Join(row, "\x00"); !seen[key] {
					seen[key] = true
					blockers.Rows = append(blockers.Rows, row)
				}
			}
		}
	}
	first := []answer.Table{levels}
	if len(blockers.Rows) > 0 {
		first = append(first, blockers)
	}
	if len(levels.Rows) == 0 && len(r.Namespaces) > 0 {
		first = nil
	}
	doc := document(h, p, body, first)
	if common != "" {
		doc.Notes = append([]string{"unknown, where no reason is given: " + common}, doc.Notes...)
	}
	return doc
}

// commonReason is why it is not known of several namespaces what they can take; "" when each has a reason of its own.
func commonReason(list []*namespaces.Namespace) string {
	count := map[string]int{}
	most := ""
	for _, ns := range list {
		if ns.Unknown == "" || ns.System != "" || ns.Can == "" {
			continue
		}
		if count[ns.Unknown]++; count[ns.Unknown] > 1 && (most == "" || count[ns.Unknown] > count[most]) {
			most = ns.Unknown
		}
	}
	return most
}

// enforced is the level that a namespace enforces, and the version it is pinned to.
func enforced(ns *namespaces.Namespace) string {
	if ns.Version != "" {
		return ns.Enforced + " " + ns.Version
	}
	return ns.Enforced
}

// can is what a namespace can take. The reason that several have in common is said once, elsewhere.
func can(ns *namespaces.Namespace, common string) string {
	switch {
	case ns.System != "":
		return "left alone: " + ns.System
	case ns.Unknown != "" && ns.Unknown == common:
		return "unknown"
	case ns.Unknown != "":
		return "unknown: " + ns.Unknown
	case ns.Judged == 0:
		return ns.Can + " (nothing runs in it)"
	}
	return ns.Can
}

// next is how far the next level is.
func next(ns *namespaces.Namespace) string {
	if ns.System != "" || ns.Unknown != "" && len(ns.Blockers) == 0 {
		return ""
	}
	if ns.Next == "" {
		return "it is the highest"
	}
	n := 0
	for _, b := range ns.Blockers {
		n += len(b.Fields)
	}
	return fmt.Sprintf("%s: %d of %s, %s", ns.Next, len(ns.Blockers), display.Plural(ns.Judged, "workload"), display.Plural(n, "field"))
}

// fields are the fields of one check, from the pod spec on.
func fields(b *namespaces.Blocker, check string) string {
	var out []string
	for _, f := range b.Fields {
		if f.Check != check {
			continue
		}
		text := string(f.Path)
		for _, start := range []string{"spec.jobTemplate.spec.template.", "spec.template."} {
			text = strings.TrimPrefix(text, start)
		}
		text = strings.TrimPrefix(text, "spec.")
		if f.Injected != "" {
			text += " (not in the template, " + f.Injected + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}
