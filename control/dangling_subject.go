package control

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

func danglingSubject() Control {
	return Control{
		ID:    "dangling-subject",
		Title: "Binding names a service account that does not exist",
		Why: "Bindings name service accounts by name, whether they exist or not, and are left behind when software is removed. " +
			"Whoever may create the account, or the namespace when that is gone too, and then use it, has what is bound to it. In " +
			"files an account may be made elsewhere: there only namespaces of which the files hold service accounts are judged, " +
			"and the severity is low.",
		Remedy:     "Remove the subject from the binding, or create the service account beside it.",
		Severity:   finding.Medium,
		Capability: RBACLeastPrivilege,
		References: []string{"CWE-672", "T1078.001", "T1136"},
		Enforce:    Webhook,
		Reads:      bindingKinds(schema.GroupKind{Kind: "ServiceAccount"}, schema.GroupKind{Kind: "Namespace"}),
		Check:      checkDanglingSubject,
	}
}

func checkDanglingSubject(f *Facts) Judgement {
	known := map[string]bool{} // namespaces of which the service accounts are known
	for _, o := range f.Of("", "ServiceAccount") {
		known[o.Namespace] = true
	}
	namespaces := len(f.Of("", "Namespace")) > 0
	return judgeSubjects(f, func(b *rbac.Binding, s boundSubject) (bool, *finding.Finding) {
		if s.Kind != rbac.ServiceAccountKind {
			return false, nil
		}
		if !f.fromCluster() {
			return danglingInFiles(f, b, s, known[s.Namespace])
		}
		gone := namespaces && f.Get("", "Namespace", "", s.Namespace) == nil
		if !gone && (s.Name == "default" || f.Get("", "ServiceAccount", s.Namespace, s.Name) != nil) {
			return true, nil // every namespace gets the account "default"
		}
		who := "whoever may create it gets "
		if gone {
			who = "namespace " + s.Namespace + " is gone too, and whoever may create both gets "
		}
		out := found(b.Object, s.at, "There is no "+s.String()+": "+who+grants(b))
		return true, &out
	})
}

func danglingInFiles(f *Facts, b *rbac.Binding, s boundSubject, known bool) (bool, *finding.Finding) {
	switch {
	case !known:
		return false, nil
	case s.Name == "default" || f.Get("", "ServiceAccount", s.Namespace, s.Name) != nil:
		return true, nil
	}
	out := found(b.Object, s.at, s.String()+" is not in these files, which hold other service accounts of its namespace: "+
		"unless it is made elsewhere, whoever may create it gets "+grants(b))
	out.Severity = finding.Low
	return true, &out
}
