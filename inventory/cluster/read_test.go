package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/cluster"
)

type object = map[string]any

// A fakeAPI is an API server that offers a few kinds, in the older form of discovery, and can be told to misbehave.
type fakeAPI struct {
	resources map[string][]string // "v1" → "pods Pod namespaced", …
	items     map[string][]object // list path → its items
	refuse    func(path, token string) (code int, reason string)
	wait      string // this list path answers only when its client has gone

	mu    sync.Mutex
	asked []string
}

func newFake() *fakeAPI {
	return &fakeAPI{
		resources: map[string][]string{
			"v1": {"pods Pod namespaced", "pods/log Pod namespaced", "secrets Secret namespaced", "namespaces Namespace",
				"events Event namespaced"},
			"apps/v1":             {"deployments Deployment namespaced"},
			"argoproj.io/v1beta1": {"rollouts Rollout namespaced", "workflows Workflow namespaced"},
		},
		items: map[string][]object{
			"/api/v1/pods":       {item("shop", "cart-1"), item("shop", "cart-2"), item("shop", "cart-3")},
			"/api/v1/secrets":    {{"metadata": object{"namespace": "shop", "name": "db"}, "data": object{"p": "aHVudGVyMg=="}}},
			"/api/v1/namespaces": {item("", "shop")}, "/api/v1/events": {item("shop", "e")},
			"/apis/apps/v1/deployments":                 {item("shop", "cart")},
			"/apis/argoproj.io/v1beta1/rollouts":        {item("shop", "roll")},
			"/apis/argoproj.io/v1beta1/workflows":       {item("shop", "flow")},
			"/api/v1/namespaces/shop/pods":              {item("shop", "cart-1")},
			"/api/v1/namespaces/shop/secrets":           {},
			"/apis/apps/v1/namespaces/shop/deployments": {item("shop", "cart")},
		},
	}
}

func item(namespace, name string) object {
	return object{"metadata": object{"namespace": namespace, "name": name, "managedFields": []any{object{"manager": "kubectl"}}}}
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("continue")
	f.mu.Lock()
	f.asked = append(f.asked, r.URL.Path+"?"+token)
	f.mu.Unlock()
	if r.URL.Path == f.wait {
		<-r.Context().Done()
		return
	}
	if f.refuse != nil {
		if code, reason := f.refuse(r.URL.Path, token); code != 0 {
			answer(w, code, object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
				"message": fmt.Sprintf("%s says no.", r.URL.Path)})
			return
		}
	}
	switch path := r.URL.Path; {
	case path == "/version":
		answer(w, 200, object{"gitVersion": "v1.37.2"})
	case path == "/apis/authentication.k8s.io/v1/selfsubjectreviews":
		answer(w, 201, object{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview",
			"status": object{"userInfo": object{"username": "eve"}}})
	case path == "/api":
		answer(w, 200, object{"kind": "APIVersions", "versions": []string{"v1"}})
	case path == "/apis":
		answer(w, 200, f.groups())
	case f.resources[strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/")] != nil:
		answer(w, 200, f.describe(strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/")))
	case f.items[path] != nil:
		answer(w, 200, f.page(path, token, r.URL.Query().Get("limit")))
	default:
		answer(w, 404, object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound"})
	}
}

func (f *fakeAPI) groups() object {
	var groups []object
	for gv := range f.resources {
		if group, version, ok := strings.Cut(gv, "/"); ok {
			v := object{"groupVersion": gv, "version": version}
			groups = append(groups, object{"name": group, "versions": []object{v}, "preferredVersion": v})
		}
	}
	return object{"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
}

func (f *fakeAPI) describe(gv string) object {
	var resources []object
	for _, line := range f.resources[gv] {
		words := strings.Fields(line)
		resources = append(resources, object{"name": words[0], "kind": words[1], "namespaced": len(words) > 2, "verbs": []string{"get", "list"}})
	}
	return object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": gv, "resources": resources}
}

func (f *fakeAPI) page(path, token, limit string) object {
	start, _ := strconv.Atoi(token)
	size, _ := strconv.Atoi(limit)
	all := f.items[path]
	end := min(start+size, len(all))
	head := object{"resourceVersion": "7"}
	if end < len(all) {
		head["continue"] = strconv.Itoa(end)
	}
	gv, kind := f.listKind(path)
	return object{"apiVersion": gv, "kind": kind, "metadata": head, "items": all[start:end]}
}

func (f *fakeAPI) listKind(path string) (gv, kind string) {
	for gv, lines := range f.resources {
		for _, line := range lines {
			words := strings.Fields(line)
			if strings.HasSuffix(path, "/"+words[0]) {
				return gv, words[1] + "List"
			}
		}
	}
	return "", ""
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

// hide is a redaction that a test can see.
func hide(content map[string]any) int {
	data := inventory.Map(content, "data")
	for k := range data {
		data[k] = "hidden"
	}
	return len(data)
}

func read(t *testing.T, f *fakeAPI, change func(*cluster.Config)) *inventory.Inventory {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	config := cluster.Config{REST: &rest.Config{Host: server.URL}, Redact: hide, PageSize: 2}
	if change != nil {
		change(&config)
	}
	inv, err := cluster.Read(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func names(inv *inventory.Inventory) string {
	var out []string
	for _, o := range inv.All() {
		out = append(out, o.Ref.String())
	}
	return strings.Join(out, ", ")
}

func gaps(inv *inventory.Inventory) string {
	var out []string
	for _, g := range inv.Gaps {
		out = append(out, strings.TrimLeft(g.Namespace+"/"+g.Kind+"."+g.Group+": "+g.Reason, "/"))
	}
	return strings.Join(out, "; ")
}

const everything = "Namespace shop, Pod shop/cart-1, Pod shop/cart-2, Pod shop/cart-3, Secret shop/db, Deployment shop/cart"

func TestRead(t *testing.T) {
	forbid := func(path string) func(string, string) (int, string) {
		return func(p, _ string) (int, string) {
			if p == path {
				return 403, "Forbidden"
			}
			return 0, ""
		}
	}
	expired := 0
	for name, c := range map[string]struct {
		refuse  func(path, token string) (int, string)
		wait    string
		change  func(*cluster.Config)
		objects string
		gaps    string
	}{
		"everything": {objects: everything},
		"other kinds on request": {
			change:  func(c *cluster.Config) { c.Kinds = []schema.GroupKind{{Group: "argoproj.io", Kind: "Rollout"}} },
			objects: everything + ", Rollout shop/roll",
		},
		"all kinds but noise": {
			change:  func(c *cluster.Config) { c.All = true },
			objects: everything + ", Rollout shop/roll, Workflow shop/flow",
		},
		"a forbidden list": {
			refuse: forbid("/api/v1/secrets"), objects: strings.Replace(everything, "Secret shop/db, ", "", 1),
			gaps: "Secret.: /api/v1/secrets says no",
		},
		"a group that cannot be described": {
			refuse: forbid("/apis/apps/v1"), objects: strings.TrimSuffix(everything, ", Deployment shop/cart"),
			gaps: "DaemonSet.apps: the API server cannot say what apps/v1 offers: /apis/apps/v1 says no; " +
				"Deployment.apps: the API server cannot say what apps/v1 offers: /apis/apps/v1 says no; " +
				"ReplicaSet.apps: the API server cannot say what apps/v1 offers: /apis/apps/v1 says no; " +
				"StatefulSet.apps: the API server cannot say what apps/v1 offers: /apis/apps/v1 says no",
		},
		"a broken group that nobody reads": {refuse: forbid("/apis/argoproj.io/v1beta1"), objects: everything},
		"a list that expires once": {
			refuse: func(p, token string) (int, string) {
				if p == "/api/v1/pods" && token != "" && expired == 0 {
					expired++
					return 410, "Expired"
				}
				return 0, ""
			},
			objects: everything,
		},
		"a list that always expires": {
			refuse: func(p, token string) (int, string) {
				if p == "/api/v1/pods" && token != "" {
					return 410, "Expired"
				}
				return 0, ""
			},
			objects: strings.Replace(everything, ", Pod shop/cart-3", "", 1),
			gaps:    "Pod.: only the first 2 were read: the list of pods expired 4 times while it was read",
		},
		"a list that is gone": {
			refuse: func(p, _ string) (int, string) {
				if p == "/api/v1/secrets" {
					return 404, "NotFound"
				}
				return 0, ""
			},
			objects: strings.Replace(everything, "Secret shop/db, ", "", 1), gaps: "Secret.: the API server no longer serves secrets",
		},
		"a list that hangs": {
			wait: "/api/v1/secrets", change: func(c *cluster.Config) { c.RequestTimeout = 300 * time.Millisecond },
			objects: strings.Replace(everything, "Secret shop/db, ", "", 1), gaps: "Secret.: listing secrets took longer than 300ms",
		},
		"one namespace": {
			change:  func(c *cluster.Config) { c.Namespaces = []string{"shop"} },
			objects: "Namespace shop, Pod shop/cart-1, Deployment shop/cart",
		},
		"one namespace, whose secrets are forbidden": {
			change: func(c *cluster.Config) { c.Namespaces = []string{"shop"} }, refuse: forbid("/api/v1/namespaces/shop/secrets"),
			objects: "Namespace shop, Pod shop/cart-1, Deployment shop/cart", gaps: "shop/Secret.: /api/v1/namespaces/shop/secrets says no",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.refuse, f.wait = c.refuse, c.wait
			inv := read(t, f, c.change)
			if got := names(inv); got != c.objects {
				t.Errorf("objects\n got %s\nwant %s", got, c.objects)
			}
			if got := gaps(inv); got != c.gaps {
				t.Errorf("gaps\n got %s\nwant %s", got, c.gaps)
			}
			if inv.Source.Identity != "eve" || inv.Version != "v1.37.2" || inv.Source.Requests != len(f.asked) {
				t.Errorf("source = %+v, version %s, %d requests seen", inv.Source, inv.Version, len(f.asked))
			}
			for _, o := range inv.All() {
				text, _ := json.Marshal(o.Content)
				if strings.Contains(string(text), "aHVudGVyMg") || strings.Contains(string(text), "managedFields") {
					t.Errorf("%s holds what it should not: %s", o.Ref, text)
				}
				if o.Content["kind"] != o.Kind || o.Content["apiVersion"] != o.APIVersion {
					t.Errorf("%s does not say what it is", o.Ref)
				}
			}
		})
	}
}

func TestReadFails(t *testing.T) {
	f := newFake()
	server := httptest.NewServer(f)
	defer server.Close()
	config := cluster.Config{REST: &rest.Config{Host: server.URL}, Redact: hide}
	if _, err := cluster.Read(t.Context(), cluster.Config{REST: config.REST}); err == nil {
		t.Error("read without redaction")
	}
	f.refuse = func(string, string) (int, string) { return 401, "Unauthorized" }
	if _, err := cluster.Read(t.Context(), config); err == nil || !strings.Contains(err.Error(), "discover") {
		t.Errorf("unknown user: %v", err)
	}
	f.refuse, f.wait = nil, "/api/v1/pods"
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := cluster.Read(ctx, config); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	server.Close()
	if _, err := cluster.Read(t.Context(), config); err == nil {
		t.Error("read a server that is not there")
	}
	config = cluster.Config{Kubeconfig: filepath.Join(t.TempDir(), "none"), Redact: hide}
	if _, err := cluster.Read(t.Context(), config); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("no kubeconfig: %v", err)
	}
}

func TestTotalTimeoutIsAGap(t *testing.T) {
	f := newFake()
	f.wait = "/api/v1/pods"
	inv := read(t, f, func(c *cluster.Config) { c.Timeout = 500 * time.Millisecond })
	if got, want := gaps(inv), "Pod.: reading the cluster took longer than 500ms"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDefaultKindsAreSorted(t *testing.T) {
	var all []string
	for _, gk := range cluster.DefaultKinds() {
		all = append(all, gk.Group+" "+gk.Kind)
	}
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("not sorted, or a kind is there twice: %v", all)
	}
}

// The compiled types must be those that compiledMinor names, or a server's newer fields would be lost unseen.
func TestCompiledMinor(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("k8s.io/api v0.%d.", cluster.CompiledMinor); !strings.Contains(string(mod), want) {
		t.Errorf("go.mod does not require %s…", want)
	}
}
