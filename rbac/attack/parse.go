package attack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A form is a way to write footholds: a kind before a colon, and what follows it.
type form struct {
	kind  string // of the foothold
	api   string // its apiVersion
	names []string
	takes string // "NAMESPACE/NAME", "NAMESPACE" or "NAME"
}

func forms() []form {
	const object, namespace, name = "NAMESPACE/NAME", "NAMESPACE", "NAME"
	return []form{
		{rbac.ServiceAccountKind, "v1", []string{"sa", "serviceaccount"}, object},
		{rbac.UserKind, rbac.Group + "/v1", []string{"user"}, name},
		{rbac.GroupKind, rbac.Group + "/v1", []string{"group"}, name},
		{AnyPodKind, "", []string{"pods", "anypod"}, namespace},
		{AnyAccountKind, "", []string{"serviceaccounts", "anyserviceaccount"}, namespace},
		{AnySecretKind, "", []string{"secrets", "anysecret"}, namespace},
		{NamespaceKind, "v1", []string{"namespace", "ns"}, name},
		{SecretKind, "v1", []string{"secret"}, object},
		{NodeKind, "v1", []string{"node"}, name},
		{"Pod", "v1", []string{"pod", "po"}, object},
		{"ReplicationController", "v1", []string{"replicationcontroller", "rc"}, object},
		{"Deployment", "apps/v1", []string{"deployment", "deploy"}, object},
		{"StatefulSet", "apps/v1", []string{"statefulset", "sts"}, object},
		{"DaemonSet", "apps/v1", []string{"daemonset", "ds"}, object},
		{"ReplicaSet", "apps/v1", []string{"replicaset", "rs"}, object},
		{"Job", "batch/v1", []string{"job"}, object},
		{"CronJob", "batch/v1", []string{"cronjob", "cj"}, object},
		{GoalKind, "", []string{"goal"}, name},
	}
}

// bareWords are footholds that are written without a kind.
func bareWords() map[string]finding.Ref {
	out := map[string]finding.Ref{
		"anonymous": anonymous.Ref(), "authenticated": authenticated.Ref(),
		"unauthenticated": rbac.Subject{Kind: rbac.GroupKind, Name: rbac.Unauthenticated}.Ref(),
		"pods":            set(AnyPodKind, ""), "nodes": set(AnyNodeKind, ""), "secrets": set(AnySecretKind, ""),
		"serviceaccounts": set(AnyAccountKind, ""),
	}
	for _, goal := range Goals() {
		out[goal.Name] = goal
	}
	return out
}

// ParseFoothold reads what people write:
//
//	sa:shop/cart  user:jane  group:ops          a subject, also in the forms of rbac.ParseSubject
//	anonymous  authenticated                    a caller without a name, and one with any
//	pods:shop  pods                             any pod of a namespace, or of all
//	deployment:shop/cart  pod:shop/cart-x1      a workload; kubectl's short names do too
//	secret:shop/db  secrets:shop                a Secret, any Secret of a namespace
//	namespace:tenant-b  node:worker-1           something in a namespace, root on a node
//	cluster-admin  system-masters  node  kube-system-secrets
//
// Whether the foothold exists is for Graph.Lookup to say.
func ParseFoothold(text string) (finding.Ref, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return finding.Ref{}, fmt.Errorf("a foothold is needed: write sa:NAMESPACE/NAME, pods:NAMESPACE, anonymous or cluster-admin, for example")
	}
	if r, ok := bareWords()[strings.ToLower(text)]; ok {
		return r, nil
	}
	kind, rest, hasKind := strings.Cut(text, ":")
	if !hasKind || strings.EqualFold(kind, "system") {
		return parseSubject(text)
	}
	all := forms()
	i := slices.IndexFunc(all, func(f form) bool { return slices.Contains(f.names, strings.ToLower(kind)) })
	if i >= 0 {
		return all[i].parse(text, rest)
	}
	if near := nearKind(all, kind); near != "" {
		return finding.Ref{}, fmt.Errorf("there is no kind %q: did you mean %s:%s? A user of this name is written user:%s", kind, near, rest, text)
	}
	return parseSubject(text)
}

func parseSubject(text string) (finding.Ref, error) {
	s, err := rbac.ParseSubject(text)
	if err != nil {
		return finding.Ref{}, err
	}
	return footholdOf(s), nil
}

func (f form) parse(text, rest string) (finding.Ref, error) {
	r := finding.Ref{APIVersion: f.api, Kind: f.kind, Name: rest}
	switch f.takes {
	case "NAMESPACE/NAME":
		namespace, name, ok := strings.Cut(rest, "/")
		if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
			return finding.Ref{}, fmt.Errorf("%q names no %s: write %s:NAMESPACE/NAME", text, f.kind, f.names[0])
		}
		r.Namespace, r.Name = namespace, name
	case "NAMESPACE":
		if rest == "" || strings.Contains(rest, "/") {
			return finding.Ref{}, fmt.Errorf("%q names no namespace: write %s:NAMESPACE, or %s for all", text, f.names[0], f.names[0])
		}
		if rest == "*" {
			rest = ""
		}
		return set(f.kind, rest), nil
	}
	switch {
	case rest == "":
		return finding.Ref{}, fmt.Errorf("%q names no %s: write %s:NAME", text, f.kind, f.names[0])
	case f.kind == rbac.UserKind:
		return footholdOf(rbac.Subject{Kind: rbac.UserKind, Name: rest}), nil
	case f.kind == GoalKind && !slices.Contains(Goals(), r):
		return finding.Ref{}, fmt.Errorf("there is no goal %q: the goals are %s", rest, goalNames())
	}
	return r, nil
}

func goalNames() string {
	names := make([]string, 0, len(Goals()))
	for _, goal := range Goals() {
		names = append(names, goal.Name)
	}
	return strings.Join(names, ", ")
}

// nearKind is the kind that a mistyped one probably means.
func nearKind(all []form, kind string) string {
	best, least := "", 3
	for _, f := range all {
		for _, name := range f.names {
			if d := edits(strings.ToLower(kind), name); d < least && d < len(name)-1 {
				best, least = name, d
			}
		}
	}
	return best
}

// Lookup reads a foothold and finds it in the graph. A pod is the workload that made it. What the inventory does not
// hold is an error that names what is written alike. But any group, and any user written as user:NAME, may be asked for:
// no inventory knows them all, and they have the rights of whoever could prove a name.
func (g *Graph) Lookup(text string) (finding.Ref, error) {
	r, err := ParseFoothold(text)
	if err != nil || g.Has(r) {
		return r, err
	}
	if o := g.inv.Get(r.Group(), r.Kind, r.Namespace, r.Name); o != nil { // in whatever version
		if top := g.inv.TopOwner(o).Ref; g.Has(top) {
			return top, nil
		}
	}
	explicit := len(text) > 5 && strings.EqualFold(text[:5], "user:")
	switch near := didYouMean(g.near(r)); {
	case r.Kind == rbac.GroupKind, r.Kind == rbac.UserKind && explicit:
		return r, nil
	case isSet(r):
		return r, fmt.Errorf("there is no namespace %q%s", r.Namespace, near)
	case r.Kind == rbac.UserKind:
		return r, fmt.Errorf("nothing is called %q%s (a user of this name is written user:%s)", text, near, text)
	default:
		return r, fmt.Errorf("there is no %s%s", r, near)
	}
}

// mostSuggested is how many names an error offers.
const mostSuggested = 3

// near are footholds of the same kind, or of any for a plain name, that are written alike.
func (g *Graph) near(r finding.Ref) []finding.Ref {
	type candidate struct {
		ref   finding.Ref
		edits int
	}
	var found []candidate
	for _, have := range g.footholds {
		if have.Kind != r.Kind || have.Kind == RoleHolderKind {
			continue
		}
		want, name := r.Namespace+"/"+r.Name, have.Namespace+"/"+have.Name
		allowed := 1 + len(r.Namespace+r.Name)/5
		d := allowed + 1
		if diff := len(want) - len(name); diff <= allowed && -diff <= allowed {
			d = edits(want, name)
		}
		if r.Name != "" && r.Name == have.Name && r.Namespace != have.Namespace {
			d = 1 // the right name in another namespace
		}
		if d <= allowed {
			found = append(found, candidate{have, d})
		}
	}
	slices.SortStableFunc(found, func(x, y candidate) int {
		if x.edits != y.edits {
			return x.edits - y.edits
		}
		return x.ref.Compare(y.ref)
	})
	var out []finding.Ref
	for _, c := range found[:min(len(found), mostSuggested)] {
		out = append(out, c.ref)
	}
	return out
}

func didYouMean(near []finding.Ref) string {
	if len(near) == 0 {
		return ""
	}
	names := make([]string, 0, len(near))
	for _, r := range near {
		names = append(names, Write(r))
	}
	return ": did you mean " + strings.Join(names, " or ") + "?"
}

// Write is a foothold as ParseFoothold reads it.
func Write(r finding.Ref) string {
	for word, ref := range bareWords() {
		if ref == r {
			return word
		}
	}
	all := forms()
	i := slices.IndexFunc(all, func(f form) bool { return f.kind == r.Kind })
	if i < 0 {
		return Describe(r)
	}
	switch all[i].takes {
	case "NAMESPACE":
		return all[i].names[0] + ":" + r.Namespace
	case "NAMESPACE/NAME":
		return all[i].names[0] + ":" + r.Namespace + "/" + r.Name
	}
	return all[i].names[0] + ":" + r.Name
}

// edits is how many characters must be inserted, left out or replaced to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
