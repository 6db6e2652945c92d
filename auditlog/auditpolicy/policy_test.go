package auditpolicy

import (
	"strings"
	"testing"

	evaluator "k8s.io/apiserver/pkg/audit/policy"

	"github.com/plimsoll-io/plimsoll/auditlog"
)

const header = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string // parts of the problems; a leading ! marks a fatal one
	}{
		"valid":           {header + "rules: [{level: Metadata}]", nil},
		"json":            {`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"None"}]}`, nil},
		"no rules":        {header, []string{"!rules: there are no rules"}},
		"empty":           {"", []string{"!"}},
		"other kind":      {"apiVersion: v1\nkind: Pod\n", []string{"!"}},
		"old version":     {"apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]\n", []string{"!"}},
		"no version":      {"kind: Policy\nrules: [{level: None}]\n", []string{`unknown field "rules"`, "!apiVersion: it has to be audit.k8s.io/v1"}},
		"not YAML":        {"\tx", []string{"!"}},
		"bad level":       {header + "rules: [{level: metadata}]", []string{`!rules[0].level: Unsupported value: "metadata"`}},
		"no level":        {header + "rules: [{verbs: [get]}]", []string{"!rules[0].level: Required"}},
		"unknown field":   {header + "rules: [{level: None, verb: [get]}]", []string{`unknown field "rules[0].verb"`}},
		"duplicate field": {header + "rules: [{level: None, level: Metadata}]", []string{"which the API server ignores"}},
		"every problem": {header + "omitStages: [Received]\nrules:\n- {level: All}\n- {level: None, nonResourceURLs: [healthz, /a*b], namespaces: [x]}\n" +
			"- {level: None, resources: [{group: apps/v1}], extra: 1}\n", []string{
			`unknown field "rules[2].extra"`, "!omitStages[0]", "!rules[0].level", "!rules[1].nonResourceURLs[0]", "!rules[1].nonResourceURLs[1]",
			"!rules[1].nonResourceURLs:", "!rules[2].resources.group"}},
		"too long": {header + strings.Repeat("#", maxPolicy), []string{"!longer than 4 MiB"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, problems := Parse([]byte(c.text))
			fatal := false
			if len(problems) != len(c.want) {
				t.Errorf("problems %q, want %q", problems, c.want)
			}
			for i, problem := range problems {
				fatal = fatal || problem.Fatal
				if i < len(c.want) {
					part, wantFatal := strings.CutPrefix(c.want[i], "!")
					if !strings.Contains(problem.String(), part) || problem.Fatal != wantFatal {
						t.Errorf("problem %q (fatal: %v), want %q", problem, problem.Fatal, c.want[i])
					}
				}
			}
			if (p == nil) != fatal {
				t.Errorf("policy %v with problems %q", p, problems)
			}
		})
	}
}

const judged = header + `omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: None, users: [probe]}
- {level: Metadata, resources: [{group: "", resources: [secrets, pods/exec]}]}
- {level: None, userGroups: ["system:nodes"], verbs: [get], resources: [{group: "*", resources: ["*/status"], resourceNames: [n1]}], omitStages: [Panic]}
- {level: Request, verbs: [create], namespaces: [shop], omitManagedFields: false}
- {level: None, nonResourceURLs: ["/healthz*"]}
- {level: RequestResponse, resources: [{group: apps, resources: [deployments], resourceNames: [web]}]}
`

func TestJudge(t *testing.T) {
	p, problems := Parse([]byte(judged))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for name, c := range map[string]struct {
		a     Attributes
		level string
		rule  int
	}{
		"user":                {Attributes{User: "probe", Verb: "get", Path: "/x"}, None, 0},
		"secret":              {Attributes{User: "u", Verb: "get", Resource: "secrets", Namespace: "shop", Name: "a"}, Metadata, 1},
		"other group":         {Attributes{User: "u", Verb: "get", Group: "x.io", Resource: "secrets"}, None, -1},
		"subresource":         {Attributes{User: "u", Verb: "create", Resource: "pods", Subresource: "exec"}, Metadata, 1},
		"other subresource":   {Attributes{User: "u", Verb: "create", Resource: "pods", Subresource: "log"}, None, -1},
		"group":               {Attributes{User: "n", Groups: []string{"system:nodes"}, Verb: "get", Resource: "nodes", Subresource: "status", Name: "n1"}, None, 2},
		"group missing":       {Attributes{User: "n", Verb: "get", Resource: "nodes", Subresource: "status", Name: "n1"}, None, -1},
		"namespace":           {Attributes{User: "u", Verb: "create", Resource: "pods", Namespace: "shop"}, Request, 3},
		"path":                {Attributes{User: "u", Verb: "get", Path: "/healthz/etcd"}, None, 4},
		"other path":          {Attributes{User: "u", Verb: "get", Path: "/metrics"}, None, -1},
		"name":                {Attributes{Verb: "update", Group: "apps", Resource: "deployments", Name: "web"}, RequestResponse, 5},
		"other name":          {Attributes{Verb: "update", Group: "apps", Resource: "deployments", Name: "db"}, None, -1},
		"nobody, no resource": {Attributes{}, None, -1},
	} {
		t.Run(name, func(t *testing.T) {
			d := p.Judge(c.a)
			if d.Level != c.level || d.Rule != c.rule {
				t.Errorf("level %s by rule %d, want %s by %d", d.Level, d.Rule, c.level, c.rule)
			}
			if d.Records(auditlog.RequestReceived) || d.Records(auditlog.ResponseComplete) != (c.level != None) {
				t.Errorf("stages: %+v", d)
			}
			if d.OmitManagedFields != (c.rule != 3) {
				t.Errorf("omits managed fields: %v", d.OmitManagedFields)
			}
		})
	}
	if !p.DependsOnGroups(Attributes{User: "n", Verb: "get", Resource: "nodes", Subresource: "status", Name: "n1"}) {
		t.Error("a node's own status does not depend on groups")
	}
	for _, a := range []Attributes{{User: "u", Verb: "get", Resource: "secrets"}, {User: "u", Verb: "list", Resource: "nodes"}} {
		if p.DependsOnGroups(a) {
			t.Errorf("%+v depends on groups", a)
		}
	}
}

func TestAttributesOf(t *testing.T) {
	e := &auditlog.Event{Verb: "create", User: auditlog.User{Name: "u", Groups: []string{"g"}}, Impersonated: &auditlog.User{Name: "other"},
		Object: auditlog.ObjectRef{Resource: "pods", Namespace: "shop", Name: "made"}, RequestURI: "/api/v1/namespaces/shop/pods?x=y"}
	if a := AttributesOf(e); a.Name != "" || a.User != "u" || a.Path != "/api/v1/namespaces/shop/pods" {
		t.Errorf("%+v: a new object has no name yet, and users are who they are", a)
	}
	e.Object.Subresource = "exec"
	if a := AttributesOf(e); a.Name != "made" {
		t.Errorf("%+v has no name", a)
	}
}

func TestCompare(t *testing.T) {
	order := []string{"", None, Metadata, Request, RequestResponse}
	for i := range order[1:] {
		if Compare(order[i], order[i+1]) >= 0 {
			t.Errorf("%q is not less than %q", order[i], order[i+1])
		}
	}
}

// FuzzParse holds what is accepted to what an API server starts with, and every decision to its own.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{judged, header, header + "rules: [{level: None, verb: [get]}]", "{}", "null", "kind: Policy", header + "rules: null\n---\nx: y",
		header + "rules: [{level: Metadata, nonResourceURLs: ['']}]", header + "x: &a [1]\ny: *a\nrules: [{level: None, level: Request}]"} {
		f.Add([]byte(seed))
	}
	requests := []Attributes{{}, {User: "u", Groups: []string{"g"}, Verb: "get", Path: "/x"}, {User: "probe", Verb: "create", Resource: "pods", Namespace: "shop"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, problems := Parse(data)
		loaded, err := evaluator.LoadPolicyFromBytes(data)
		if (p == nil) != (err != nil) {
			t.Fatalf("problems %q, and the API server says %v", problems, err)
		}
		if p == nil {
			return
		}
		theirs := evaluator.NewPolicyRuleEvaluator(loaded)
		for _, a := range requests {
			got, want := p.Judge(a), theirs.EvaluatePolicyRule(record(a))
			if got.Level != string(want.Level) || len(got.OmitStages) != len(want.OmitStages) || got.OmitManagedFields != want.OmitManagedFields {
				t.Fatalf("%+v: %+v, want %+v", a, got, want)
			}
		}
	})
}
