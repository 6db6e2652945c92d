package control

import (
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
)

// TestDanglingSubjectInACluster: a cluster holds all that there is, also what it lacks.
func TestDanglingSubjectInACluster(t *testing.T) {
	const (
		shop    = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}"
		account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: cart, namespace: shop}"
	)
	bound := func(namespace, name string) string {
		return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n" +
			"roleRef: {kind: ClusterRole, name: edit}\nsubjects: [{kind: ServiceAccount, name: " + name + ", namespace: " + namespace + "}]"
	}
	for name, c := range map[string]struct {
		objects []string
		want    string // part of the message; "" for none
	}{
		"there it is":                            {[]string{shop, account, bound("shop", "cart")}, ""},
		"it is gone":                             {[]string{shop, account, bound("shop", "old")}, "whoever may create it gets the rights of ClusterRole edit"},
		"no account of the namespace is there":   {[]string{shop, bound("shop", "old")}, "whoever may create it"},
		"the account default comes by itself":    {[]string{shop, bound("shop", "default")}, ""},
		"the namespace is gone":                  {[]string{shop, bound("old", "cart")}, "namespace old is gone too"},
		"default of a namespace that is gone":    {[]string{shop, bound("old", "default")}, "namespace old is gone too"},
		"whether a namespace is gone is unknown": {[]string{bound("shop", "default")}, ""},
	} {
		j := danglingSubject().Check(live(t, c.objects...))
		switch {
		case len(j.Examined) != 1 || len(j.Findings) > 1 || (len(j.Findings) == 1) != (c.want != ""):
			t.Errorf("%s: examined %v, found %v", name, j.Examined, j.Findings)
		case c.want != "" && (!strings.Contains(j.Findings[0].Message, c.want) || j.Findings[0].Severity != finding.None):
			t.Errorf("%s: found %+v", name, j.Findings[0])
		}
	}
}

// TestBindingsOfKubernetesAreNotJudged: they name accounts that do not exist yet, and are meant to.
func TestBindingsOfKubernetesAreNotJudged(t *testing.T) {
	f := live(t, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: 'system:controller:x'}\n"+
		"roleRef: {kind: ClusterRole, name: gone}\nsubjects: [{kind: ServiceAccount, name: x, namespace: kube-system}, {kind: Group, name: 'аdmins'}]")
	f.All()[0].Default = true
	for _, c := range []Control{danglingSubject(), danglingRole(), lookalikeName()} {
		if j := c.Check(f); len(j.Examined)+len(j.Findings) > 0 {
			t.Errorf("%s: examined %v, found %v", c.ID, j.Examined, j.Findings)
		}
	}
}
