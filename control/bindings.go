package control

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// bindingKinds are the kinds that bind subjects, and more.
func bindingKinds(more ...schema.GroupKind) []schema.GroupKind {
	return append([]schema.GroupKind{
		{Group: rbac.Group, Kind: "RoleBinding"}, {Group: rbac.Group, Kind: "ClusterRoleBinding"},
	}, more...)
}

// bindings are those to judge: what Kubernetes itself installs is not.
func (f *Facts) bindings() []*rbac.Binding {
	var out []*rbac.Binding
	for _, b := range f.Access().Bindings() {
		if !b.Default {
			out = append(out, b)
		}
	}
	return out
}

// A boundSubject is one subject of a binding, and where the binding names it.
type boundSubject struct {
	rbac.Subject // a service account that is written as a user is the service account
	at           finding.Path
}

// boundSubjects reads the subjects of a binding as the authorizer does, with their places. Those that are nobody are
// left out.
func boundSubjects(b *rbac.Binding) []boundSubject {
	var out []boundSubject
	for i, item := range inventory.List(b.Object.Content, "subjects") {
		content, _ := item.(map[string]any)
		s := rbac.Subject{Kind: inventory.String(content, "kind"), Name: inventory.String(content, "name")}
		switch s.Kind {
		case rbac.ServiceAccountKind:
			if s.Namespace = inventory.String(content, "namespace"); s.Namespace == "" {
				s.Namespace = b.Namespace
			}
			if s.Namespace == "" {
				continue
			}
		case rbac.UserKind:
			s = rbac.SubjectOfUser(s.Name)
		case rbac.GroupKind:
		default:
			continue
		}
		if s.Name != "" {
			out = append(out, boundSubject{s, finding.Path("subjects").Index(i)})
		}
	}
	return out
}

// judgeSubjects judges each subject of each binding alone: judge says whether the control is about it, and why it
// fails, or no message.
func judgeSubjects(f *Facts, judge func(b *rbac.Binding, s boundSubject) (applies bool, out *finding.Finding)) Judgement {
	var j Judgement
	for _, b := range f.bindings() {
		examined := false
		for _, s := range boundSubjects(b) {
			applies, out := judge(b, s)
			examined = examined || applies
			if out != nil {
				j.Findings = append(j.Findings, *out)
			}
		}
		if examined {
			j.Examined = append(j.Examined, b.Object)
		}
	}
	return j
}

// grants is what a binding grants, in words: "the rights of ClusterRole edit in namespace shop".
func grants(b *rbac.Binding) string {
	out := "the rights of " + b.RoleRef.String()
	if b.Namespace != "" && b.RoleRef.Namespace == "" {
		out += " in namespace " + b.Namespace
	}
	return out
}

// fromCluster says whether the inventory holds all that there is, so that what it lacks does not exist.
func (f *Facts) fromCluster() bool { return f.Source.Kind == "cluster" }
