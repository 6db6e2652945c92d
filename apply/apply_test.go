package apply

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// A fakeServer is as much of an API server as applying needs: it keeps ConfigMaps and Namespaces, merges what is
// applied, and knows who owns which key of data.
type fakeServer struct {
	mu      sync.Mutex
	objects map[string]map[string]any // by path
	version int
	wrote   []string // writes that were no dry runs
	// change is called before a write that is none, once.
	change func()
}

func newFake(t *testing.T, objects map[string]map[string]any) (*fakeServer, *Client) {
	t.Helper()
	f := &fakeServer{objects: objects}
	if f.objects == nil {
		f.objects = map[string]map[string]any{}
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	client, err := newClient(&rest.Config{Host: server.URL, QPS: -1}, server.Client(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return f, client
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dry := r.URL.Query().Get("dryRun") == "All"
	if r.Method != http.MethodGet && !dry && f.change != nil {
		f.change()
		f.change = nil
	}
	switch {
	case r.URL.Path == "/api/v1":
		answer(w, http.StatusOK, map[string]any{"kind": "APIResourceList", "groupVersion": "v1", "resources": []any{
			map[string]any{"name": "configmaps", "kind": "ConfigMap", "namespaced": true},
			map[string]any{"name": "namespaces", "kind": "Namespace"},
			map[string]any{"name": "namespaces/status", "kind": "Namespace"},
		}})
	case r.Method == http.MethodGet && f.objects[r.URL.Path] == nil, r.Method == http.MethodDelete && f.objects[r.URL.Path] == nil:
		fail(w, http.StatusNotFound, "NotFound", nil)
	case r.Method == http.MethodGet:
		answer(w, http.StatusOK, f.objects[r.URL.Path])
	case r.Method == http.MethodDelete:
		if !dry {
			delete(f.objects, r.URL.Path)
			f.wrote = append(f.wrote, "DELETE "+r.URL.Path)
		}
		answer(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	case r.Method == http.MethodPatch:
		f.apply(w, r, dry)
	}
}

func (f *fakeServer) apply(w http.ResponseWriter, r *http.Request, dry bool) {
	body, _ := io.ReadAll(r.Body)
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil || r.Header.Get("Content-Type") != "application/apply-patch+yaml" {
		fail(w, http.StatusBadRequest, "BadRequest", nil)
		return
	}
	meta := object["metadata"].(map[string]any)
	if ns, _ := meta["namespace"].(string); ns != "" && f.objects["/api/v1/namespaces/"+ns] == nil {
		fail(w, http.StatusNotFound, "NotFound", nil)
		return
	}
	old := f.objects[r.URL.Path]
	if old != nil && meta["resourceVersion"] != nil && meta["resourceVersion"] != old["metadata"].(map[string]any)["resourceVersion"] {
		fail(w, http.StatusConflict, "Conflict", nil)
		return
	}
	data, _ := object["data"].(map[string]any)
	merged := map[string]any{}
	if old != nil {
		had, _ := old["data"].(map[string]any)
		merged = maps.Clone(had)
		for _, key := range slices.Sorted(maps.Keys(data)) {
			if had["owner-of-"+key] != nil && had[key] != data[key] && r.URL.Query().Get("force") != "true" {
				fail(w, http.StatusConflict, "Conflict", []any{map[string]any{
					"reason": "FieldManagerConflict", "field": ".data." + key, "message": `conflict with "` + had["owner-of-"+key].(string) + `" using v1`,
				}})
				return
			}
		}
	}
	maps.Copy(merged, data)
	now := map[string]any{"apiVersion": object["apiVersion"], "kind": object["kind"], "data": merged, "metadata": map[string]any{
		"name": meta["name"], "managedFields": []any{map[string]any{"manager": r.URL.Query().Get("fieldManager"), "operation": "Apply"}},
	}}
	if meta["namespace"] != nil {
		now["metadata"].(map[string]any)["namespace"] = meta["namespace"]
	}
	now["metadata"].(map[string]any)["resourceVersion"] = "dry"
	if !dry {
		f.version++
		now["metadata"].(map[string]any)["resourceVersion"] = strings.Repeat("i", f.version)
		f.objects[r.URL.Path] = now
		f.wrote = append(f.wrote, "APPLY "+r.URL.Path)
	}
	answer(w, http.StatusOK, now)
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, code int, reason string, causes []any) {
	answer(w, code, map[string]any{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": reason, "details": map[string]any{"causes": causes},
	})
}

const shop = "/api/v1/namespaces/shop"

func namespace(name string) map[string]any {
	return map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}
}

func config(name string, data ...string) map[string]any {
	values := map[string]any{}
	for i := 0; i < len(data); i += 2 {
		values[data[i]] = data[i+1]
	}
	return map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name, "namespace": "shop"}, "data": values}
}

// stored is an object as the server has it, written by a manager.
func stored(object map[string]any, manager string) map[string]any {
	meta := object["metadata"].(map[string]any)
	meta["resourceVersion"], meta["uid"] = "first", "u-1"
	meta["managedFields"] = []any{map[string]any{"manager": manager, "operation": "Apply"}}
	return object
}

func try(t *testing.T, c *Client, o Options, changes ...Change) *Trial {
	t.Helper()
	trial, err := c.Try(t.Context(), changes, o)
	if err != nil {
		t.Fatal(err)
	}
	return trial
}

func TestTrialChangesNothing(t *testing.T) {
	f, c := newFake(t, map[string]map[string]any{shop: namespace("shop")})
	trial := try(t, c, Options{}, Change{Object: config("a", "k", "1")})
	if got := trial.Results[0]; got.Action != Created || got.Err != nil || len(f.wrote) > 0 {
		t.Fatalf("result is %+v, written is %v", got, f.wrote)
	}
	if err := c.Write(t.Context(), trial); err != nil {
		t.Fatal(err)
	}
	if len(f.wrote) != 1 || !trial.Results[0].Done {
		t.Errorf("written is %v", f.wrote)
	}
	again := try(t, c, Options{}, Change{Object: config("a", "k", "1")})
	if again.Changes() {
		t.Errorf("applying twice changes something: %+v", again.Results[0])
	}
}

func TestNothingIsWrittenWhenOneFails(t *testing.T) {
	theirs := config("theirs", "k", "1", "owner-of-k", "kubectl-edit")
	f, c := newFake(t, map[string]map[string]any{shop: namespace("shop"), shop + "/configmaps/theirs": stored(theirs, "kubectl-edit")})
	changes := []Change{{Object: config("ours", "k", "1")}, {Object: config("theirs", "k", "2")}}
	trial := try(t, c, Options{}, changes...)
	if got := trial.Results[1].Conflicts; len(got) != 1 || got[0] != (Conflict{".data.k", "kubectl-edit"}) {
		t.Errorf("conflicts are %v", got)
	}
	if err := c.Write(t.Context(), trial); err == nil || len(f.wrote) > 0 {
		t.Errorf("written is %v, error %v", f.wrote, err)
	}
	forced := try(t, c, Options{ForceConflicts: true}, changes...)
	if err := c.Write(t.Context(), forced); err != nil || len(f.wrote) != 2 {
		t.Errorf("written is %v, error %v", f.wrote, err)
	}
}

func TestOnlyOursIsRemoved(t *testing.T) {
	f, c := newFake(t, map[string]map[string]any{
		shop:                        namespace("shop"),
		shop + "/configmaps/ours":   stored(config("ours"), Manager),
		shop + "/configmaps/theirs": stored(config("theirs"), "kubectl"),
	})
	trial := try(t, c, Options{}, Change{Object: config("theirs"), Remove: true})
	if got := trial.Results[0].Err; got == nil || !strings.Contains(got.Error(), "kubectl wrote it") {
		t.Errorf("error is %v", got)
	}
	trial = try(t, c, Options{}, Change{Object: config("ours"), Remove: true}, Change{Object: config("gone"), Remove: true})
	if err := c.Write(t.Context(), trial); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.wrote, " "); got != "DELETE "+shop+"/configmaps/ours" {
		t.Errorf("written is %s", got)
	}
}

func TestWhatIsMadeBeforeIsNotMissed(t *testing.T) {
	f, c := newFake(t, nil)
	trial := try(t, c, Options{}, Change{Object: namespace("shop")}, Change{Object: config("a")})
	if got := trial.Results[1]; got.Untried == "" || !trial.OK() {
		t.Fatalf("result is %+v", got)
	}
	if err := c.Write(t.Context(), trial); err != nil || len(f.wrote) != 2 {
		t.Errorf("written is %v, error %v", f.wrote, err)
	}
	if trial := try(t, c, Options{}, Change{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a", "namespace": "nowhere"},
	}}); trial.OK() {
		t.Error("an object in a namespace that nobody makes passes")
	}
}

func TestChangedMeanwhile(t *testing.T) {
	f, c := newFake(t, map[string]map[string]any{shop: namespace("shop"), shop + "/configmaps/a": stored(config("a", "k", "1"), Manager)})
	trial := try(t, c, Options{}, Change{Object: config("a", "k", "2")})
	f.change = func() { f.objects[shop+"/configmaps/a"]["metadata"].(map[string]any)["resourceVersion"] = "other" }
	if err := c.Write(t.Context(), trial); err == nil || !strings.Contains(err.Error(), "meanwhile") || len(f.wrote) > 0 {
		t.Errorf("written is %v, error %v", f.wrote, err)
	}
}

func TestUndo(t *testing.T) {
	_, c := newFake(t, map[string]map[string]any{shop: namespace("shop"), shop + "/configmaps/a": stored(config("a", "k", "1"), Manager)})
	trial := try(t, c, Options{}, Change{Object: config("a", "k", "2")}, Change{Object: config("new")})
	text, err := trial.Undo()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"kubectl delete configmap new -n shop", `k: "1"`, "--field-manager=plimsoll"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %q in:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "resourceVersion") || strings.Contains(string(text), "managedFields") {
		t.Errorf("the server's own fields are in:\n%s", text)
	}
}

func TestHostileObjects(t *testing.T) {
	_, c := newFake(t, nil)
	for _, object := range []map[string]any{
		{}, {"apiVersion": "v1"}, {"apiVersion": "v1", "kind": "Unknown", "metadata": map[string]any{"name": "x"}},
		{"apiVersion": "v1", "kind": "ConfigMap", "metadata": "odd"}, {"apiVersion": 1, "kind": nil},
		config(""), {"apiVersion": "nowhere.example.com/v1", "kind": "Thing", "metadata": map[string]any{"name": "x"}},
	} {
		if trial := try(t, c, Options{}, Change{Object: object}); trial.OK() {
			t.Errorf("%v passes", object)
		}
	}
	if Owns(map[string]any{"metadata": map[string]any{"managedFields": []any{nil, "x", map[string]any{"manager": 1}}}}) {
		t.Error("an odd object is ours")
	}
}
