package rehearse

import (
	"cmp"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// changedKind is the kind of a change.
func changedKind(c Change) schema.GroupKind {
	ref := c.Ref()
	return schema.GroupKind{Group: ref.Group(), Kind: ref.Kind}
}

// removedAccounts are the service accounts that go, by user name. A namespace's account "default" comes back by itself.
func (r *rightsRun) removedAccounts() map[string]*inventory.Object {
	out := map[string]*inventory.Object{}
	for _, c := range r.changes {
		if isServiceAccount(c.Ref()) && c.New == nil && c.Old.Name != "default" {
			out[rbac.Account(c.Old.Namespace, c.Old.Name).UserName()] = c.Old
		}
	}
	return out
}

// accounts says what becomes of pods whose service account changes: without it none can be made, and one that is no longer
// mounted leaves them without a name.
func (r *rightsRun) accounts() {
	for _, c := range r.changes {
		if !isServiceAccount(c.Ref()) || c.Old == nil {
			continue
		}
		old := []*inventory.Object{c.Old}
		for _, f := range r.families()[c.Old.Namespace] {
			spec, at := f.top.PodSpec()
			account := cmp.Or(inventory.String(spec, "serviceAccountName"), inventory.String(spec, "serviceAccount"), "default")
			if account != c.Old.Name {
				continue
			}
			if c.New == nil && c.Old.Name != "default" {
				r.out.breaks = append(r.out.breaks, Break{
					Changes: []finding.Ref{c.Ref()}, Sort: rbacSort, Object: &f.top.Ref, Path: at.Field("serviceAccountName"), Position: f.top.Origin, Count: 1,
					Reason: "its pods cannot be made without " + c.Old.String(),
				})
				continue
			}
			if c.New == nil {
				continue
			}
			had, _ := inventory.MountsToken(spec, account, old)
			has, _ := inventory.MountsToken(spec, account, []*inventory.Object{c.New})
			if had && !has {
				r.out.doubts = append(r.out.doubts, Doubt{
					Changes: []finding.Ref{c.Ref()}, Sort: rbacSort, Object: &f.top.Ref, Count: 1,
					Reason: "its new pods no longer get a token of " + c.New.String() + ": whether they need one is not known",
				})
			}
			if secrets(c.Old) > secrets(c.New) {
				r.out.doubts = append(r.out.doubts, Doubt{
					Changes: []finding.Ref{c.Ref()}, Sort: rbacSort, Object: &f.top.Ref, Count: 1,
					Reason: "its new pods pull images with fewer secrets: whether they need them is not known",
				})
			}
		}
	}
}

func secrets(account *inventory.Object) int {
	return len(inventory.List(account.Content, "imagePullSecrets"))
}
