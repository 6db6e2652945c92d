package usage

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var update = flag.Bool("update", false, "write the golden files")

// An entry is an audit event to be written.
type entry struct {
	user         string
	groups       []string
	verb, object string // "apps/deployments/scale shop/web", "/healthz"; the group may be missing
	code         int
	more         map[string]any // further fields of the event
	at           time.Time
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func logOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	for i, e := range entries {
		at := e.at
		if at.IsZero() {
			at = start.Add(time.Duration(i) * time.Minute)
		}
		if e.code == 0 {
			e.code = 200
		}
		event := map[string]any{
			"kind": "Event", "apiVersion": "audit.k8s.io/v1", "stage": "ResponseComplete", "verb": e.verb,
			"user":           map[string]any{"username": e.user, "groups": e.groups},
			"responseStatus": map[string]any{"code": e.code}, "requestReceivedTimestamp": at.Format("2006-01-02T15:04:05.000000Z"),
		}
		if e.code != 403 {
			event["annotations"] = map[string]any{auditlog.DecisionAnnotation: "allow", auditlog.ReasonAnnotation: "RBAC: allowed by something"}
		}
		if strings.HasPrefix(e.object, "/") {
			event["requestURI"] = e.object
		} else {
			event["objectRef"] = objectRef(e.object)
		}
		for k, v := range e.more {
			event[k] = v
		}
		line, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes()
}

// objectRef reads "group:resource/subresource namespace/name".
func objectRef(text string) map[string]any {
	what, where, _ := strings.Cut(text, " ")
	group, resource, ok := strings.Cut(what, ":")
	if !ok {
		group, resource = "", what
	}
	resource, subresource, _ := strings.Cut(resource, "/")
	namespace, name, _ := strings.Cut(where, "/")
	return map[string]any{"apiGroup": group, "resource": resource, "subresource": subresource, "namespace": namespace, "name": name}
}

func collect(t testing.TB, log []byte, options Options) *Usage {
	t.Helper()
	u, err := Collect(t.Context(), inputs(log), options)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func inputs(log []byte) []auditlog.Input {
	return []auditlog.Input{auditlog.FromReader("log", bytes.NewReader(log))}
}

func inventoryOf(contents ...map[string]any) *inventory.Inventory {
	var objects []*inventory.Object
	for _, c := range contents {
		objects = append(objects, &inventory.Object{Content: c, Ref: finding.Ref{
			APIVersion: inventory.String(c, "apiVersion"), Kind: inventory.String(c, "kind"),
			Namespace: inventory.String(c, "metadata", "namespace"), Name: inventory.String(c, "metadata", "name"),
		}})
	}
	return inventory.New(inventory.Source{Kind: "files"}, time.Time{}, "", objects, nil)
}

func shop(t *testing.T) *inventory.Inventory {
	t.Helper()
	data, err := os.ReadFile("testdata/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var contents []map[string]any
	for _, document := range strings.Split(string(data), "\n---\n") {
		var c map[string]any
		if err := yaml.Unmarshal([]byte(document), &c); err != nil {
			t.Fatal(err)
		}
		contents = append(contents, c)
	}
	return inventoryOf(contents...)
}

const web = "system:serviceaccount:shop:web"

func shopLog(t *testing.T) []byte {
	jane := []string{"developers", "system:authenticated"}
	accounts := []string{"system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"}
	return logOf(t,
		entry{user: web, groups: accounts, verb: "get", object: "pods shop/a"},
		entry{user: web, groups: accounts, verb: "get", object: "pods shop/b"},
		entry{user: web, groups: accounts, verb: "list", object: "pods shop"},
		entry{user: web, groups: accounts, verb: "get", object: "pods/log shop/a"},
		entry{user: web, groups: accounts, verb: "get", object: "secrets shop/token"},
		entry{user: web, groups: accounts, verb: "patch", object: "apps:deployments shop/web", code: 201},
		entry{user: web, groups: accounts, verb: "delete", object: "apps:deployments shop/old"},
		entry{user: web, groups: accounts, verb: "create", object: "apps:deployments shop/new", code: 201},
		entry{user: web, groups: accounts, verb: "list", object: "nodes", code: 403},
		entry{user: web, groups: accounts, verb: "get", object: "configmaps other/x"},
		entry{user: web, groups: accounts, verb: "get", object: "/version"},
		entry{user: "jane", groups: jane, verb: "list", object: "namespaces"},
		entry{user: "jane", groups: jane, verb: "get", object: "/debug/pprof?x=1"},
		entry{user: "jane", groups: jane, verb: "get", object: "pods shop/a", more: map[string]any{
			"impersonatedUser": map[string]any{"username": web, "groups": accounts}}},
		entry{user: web, groups: accounts, verb: "get", object: "* shop/x"},
		entry{user: web, groups: accounts, verb: "get", object: "/metrics*"},
		entry{user: web, groups: accounts, verb: "get", object: "pods shop/never", more: map[string]any{"stage": "RequestReceived"}},
	)
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error("(-want +got)\n", diff)
	}
}

func TestUnused(t *testing.T) {
	inv := shop(t)
	report := collect(t, shopLog(t), Options{}).Unused(rbac.New(inv), UnusedOptions{Inventory: inv})
	var out strings.Builder
	for _, w := range report.Warnings {
		fmt.Fprintln(&out, w.Kind, w.Message)
	}
	for _, s := range report.Subjects {
		fmt.Fprintf(&out, "%s: seen %v, %d members\n", s.Subject, s.Seen, s.Members)
		for _, w := range s.Warnings {
			fmt.Fprintln(&out, " ", w.Kind, w.Message)
		}
		for _, u := range s.Elsewhere {
			fmt.Fprintln(&out, "  elsewhere", u.Right, u.Names())
		}
		for _, g := range s.Grants {
			fmt.Fprintf(&out, "  %s unused %v\n", g.Binding.Ref, g.Unused)
			for _, r := range g.Rules {
				fmt.Fprintf(&out, "    rule %d: unused %v, count %d, last %s\n", r.Rule, r.Unused, r.Count, r.Last.Format(time.RFC3339))
				for _, u := range r.Used {
					fmt.Fprintln(&out, "      used", u.Right, u.Names())
				}
				fmt.Fprintf(&out, "      unused verbs %v resources %v names %v paths %v combinations %q\n",
					r.UnusedVerbs, r.UnusedResources, r.UnusedNames, r.UnusedPaths, r.UnusedCombinations)
			}
		}
	}
	golden(t, "testdata/unused.txt", []byte(out.String()))
}

func TestGenerate(t *testing.T) {
	a := rbac.New(shop(t))
	u := collect(t, shopLog(t), Options{})
	jane := rbac.Subject{Kind: rbac.UserKind, Name: "jane"}
	for name, test := range map[string]struct {
		subject  rbac.Subject
		existing *rbac.Authorizer
		options  GenerateOptions
	}{
		"replace":    {rbac.Account("shop", "web"), a, GenerateOptions{Mode: Replace}},
		"missing":    {rbac.Account("shop", "web"), a, GenerateOptions{}},
		"generalize": {rbac.Account("shop", "web"), nil, GenerateOptions{GeneralizeNames: true}},
		"above":      {rbac.Account("shop", "web"), nil, GenerateOptions{NamesAbove: 1}},
		"user":       {jane, nil, GenerateOptions{}},
		"group":      {rbac.Subject{Kind: rbac.GroupKind, Name: "developers"}, nil, GenerateOptions{}},
		"never-seen": {rbac.Account("shop", "idle"), a, GenerateOptions{Mode: Replace}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := u.Generate(test.subject, test.existing, test.options)
			out, err := yaml.Marshal(plan)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range plan.Replaces {
				out = fmt.Appendf(out, "# replaces %s\n", b.Ref)
			}
			golden(t, "testdata/"+name+".yaml.golden", out)
		})
	}
}

func TestRequests(t *testing.T) {
	impersonated := func(name string, groups []string, more map[string]any) map[string]any {
		user := map[string]any{"username": name, "groups": groups}
		for k, v := range more {
			user[k] = v
		}
		return map[string]any{"impersonatedUser": user}
	}
	constrained := impersonated("bob", []string{"ops", "system:authenticated"}, nil)
	constrained["authenticationMetadata"] = map[string]any{"impersonationConstraint": "impersonate:user-info"}
	for name, test := range map[string]struct {
		entry entry
		want  []string
	}{
		"created objects have no name yet": {entry{verb: "create", object: "pods shop/web"}, []string{"u: create pods in shop"}},
		"below an object they do":          {entry{verb: "create", object: "pods/exec shop/web"}, []string{"u: create pods/exec web in shop"}},
		"create by patching": {entry{verb: "patch", object: "apps:deployments shop/web", code: 201},
			[]string{"u: create deployments.apps in shop", "u: patch deployments.apps web in shop"}},
		"a collection has no name": {entry{verb: "deletecollection", object: "pods shop"}, []string{"u: deletecollection pods in shop"}},
		"a list of one":            {entry{verb: "list", object: "secrets shop/token"}, []string{"u: list secrets token in shop"}},
		"a path":                   {entry{verb: "get", object: "/a%20b?c=d"}, []string{"u: get /a b"}},
		"a user": {entry{verb: "get", object: "pods shop/a", more: impersonated("bob", []string{"ops", "system:authenticated"},
			map[string]any{"uid": "7", "extra": map[string]any{"scopes": []string{"x"}}})},
			[]string{"bob: get pods a in shop", "u: impersonate groups ops", "u: impersonate uids.authentication.k8s.io 7",
				"u: impersonate userextras/scopes.authentication.k8s.io x", "u: impersonate users bob"}},
		"a service account": {entry{verb: "get", object: "pods shop/a", more: impersonated(web,
			[]string{"system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"}, nil)},
			[]string{web + ": get pods a in shop", "u: impersonate serviceaccounts web in shop"}},
		"constrained": {entry{verb: "get", object: "pods shop/a", more: constrained},
			[]string{"bob: get pods a in shop", "u: impersonate-on:user-info:get pods a in shop",
				"u: impersonate:user-info groups.authentication.k8s.io ops", "u: impersonate:user-info users.authentication.k8s.io bob"}},
		"refused after impersonating": {entry{verb: "get", object: "pods shop/a", code: 403, more: impersonated("bob", nil, nil)},
			[]string{"bob denied: get pods a in shop", "u: impersonate users bob"}},
		"refused": {entry{verb: "get", object: "pods shop/a", code: 403}, []string{"u denied: get pods a in shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.entry.user = "u"
			var got []string
			for _, s := range collect(t, logOf(t, test.entry), Options{}).Subjects() {
				got = append(got, uses(s, s.Denied(), " denied")...)
				got = append(got, uses(s, s.Used(), "")...)
			}
			if diff := cmp.Diff(test.want, sortedStrings(got)); diff != "" {
				t.Error("(-want +got)\n", diff)
			}
		})
	}
}

func uses(s *Subject, uses []*Use, what string) []string {
	var out []string
	for _, u := range uses {
		names := u.Names()
		if u.Unnamed > 0 {
			names = append(names, "")
		}
		for _, name := range names {
			out = append(out, s.UserName()+what+": "+u.Request(name).String())
		}
	}
	return out
}

// Nothing grows with the log.
func TestBounds(t *testing.T) {
	var entries []entry
	for i := range 500 {
		entries = append(entries, entry{user: "u", verb: "get", object: fmt.Sprintf("pods shop/p%d", i)},
			entry{user: "system:anonymous", verb: "get", object: fmt.Sprintf("/try/%d", i), code: 403})
	}
	u := collect(t, logOf(t, entries...), Options{Names: 20, Rights: 30})
	user, anonymous := u.Of(rbac.Subject{Kind: rbac.UserKind, Name: "u"}), u.Of(rbac.Subject{Kind: rbac.UserKind, Name: "system:anonymous"})
	if use := user.Used()[0]; len(use.Names()) != 20 || use.OtherNames < 480 || use.Count() != 500 {
		t.Errorf("%d names, %d others, %d requests", len(use.Names()), use.OtherNames, use.Count())
	}
	if len(anonymous.Denied()) != 30 || anonymous.MoreDenied < 470 {
		t.Error(len(anonymous.Denied()), anonymous.MoreDenied)
	}
	plan := u.Generate(user.Subject, nil, GenerateOptions{})
	if rules := plan.Objects[0]["rules"].([]any); rules[0].(map[string]any)["resourceNames"] != nil {
		t.Error("names that were not kept are not granted")
	}
}

// Of a watch the start and the end are in the log.
func TestLongRunning(t *testing.T) {
	watch := entry{user: "u", verb: "watch", object: "pods shop", more: map[string]any{"stage": "ResponseStarted"}}
	ended := entry{user: "u", verb: "watch", object: "pods shop"}
	u := collect(t, logOf(t, watch, watch, ended), Options{})
	if got := u.Of(rbac.Subject{Kind: rbac.UserKind, Name: "u"}).Used()[0].Count(); got != 2 {
		t.Error(got)
	}
}
