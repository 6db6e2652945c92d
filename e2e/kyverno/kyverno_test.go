package kyverno

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// A subject is a policy, and objects that it is meant for.
type subject struct {
	name    string
	policy  []byte
	objects []map[string]any
}

// TestSameVerdicts judges the objects of our own policies, and changed copies of them, by Kyverno and by the conversion.
func TestSameVerdicts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no policies: %v", err)
	}
	var subjects []subject
	for _, file := range files {
		s := subject{name: file}
		for _, doc := range documents(t, file) {
			if api, _ := doc["apiVersion"].(string); strings.Contains(api, "kyverno.io/") {
				s.policy = append(append(s.policy, "---\n"...), encode(t, doc)...)
			} else {
				s.objects = append(s.objects, doc)
			}
		}
		subjects = append(subjects, s)
	}
	compare(t, subjects, 60)
}

// TestSameVerdictsOnLibrary does the same with Kyverno's own library of policies, where PLIMSOLL_CORPORA has it.
func TestSameVerdictsOnLibrary(t *testing.T) {
	root := os.Getenv("PLIMSOLL_CORPORA")
	if root == "" {
		t.Skip("set PLIMSOLL_CORPORA to the folder that holds kyverno-policies")
	}
	root = filepath.Join(root, "kyverno-policies")
	data, err := os.ReadFile(filepath.Join(root, "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var subjects []subject
	for _, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		var c struct {
			ID, Dir, Test string
			PureValidate  bool `json:"pure_validate"`
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if c.PureValidate {
			subjects = append(subjects, ofCase(t, root, c.ID, c.Dir, c.Test))
		}
	}
	rounds := 12
	if n, err := strconv.Atoi(os.Getenv("PLIMSOLL_ROUNDS")); err == nil {
		rounds = n
	}
	if only := os.Getenv("PLIMSOLL_ONLY"); only != "" {
		subjects = slices.DeleteFunc(subjects, func(s subject) bool { return !strings.Contains(s.name, only) })
	}
	compare(t, subjects, rounds)
}

func ofCase(t *testing.T, root, id, dir, test string) subject {
	t.Helper()
	s := subject{name: id}
	for _, doc := range documents(t, filepath.Join(root, test)) {
		for _, file := range list(doc["policies"]) {
			for _, p := range documents(t, filepath.Join(root, dir, file)) {
				s.policy = append(append(s.policy, "---\n"...), encode(t, p)...)
			}
		}
		for _, file := range list(doc["resources"]) {
			s.objects = append(s.objects, documents(t, filepath.Join(root, dir, file))...)
		}
	}
	return s
}

func list(v any) []string {
	var out []string
	items, _ := v.([]any)
	for _, item := range items {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

// documents are the objects in a file, or in the files of a folder; those of lists alone.
func documents(t *testing.T, name string) []map[string]any {
	t.Helper()
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		var out []map[string]any
		files, _ := filepath.Glob(filepath.Join(name, "*.y*ml"))
		for _, f := range files {
			out = append(out, documents(t, f)...)
		}
		return out
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc map[string]any
		if err := decoder.Decode(&doc); err != nil {
			return out
		}
		if doc == nil {
			continue
		}
		if m, ok := copyOf(doc).(map[string]any); ok {
			out = append(out, m)
		}
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// most is how many changed objects a policy is tried on.
const most = 120

// stored is an object as an API server has it when policies see it; nil where no API server takes it.
func stored(object map[string]any) map[string]any {
	if object == nil {
		return nil
	}
	data, err := json.Marshal(object)
	if err != nil {
		return nil
	}
	typed, _, err := scheme.Codecs.UniversalDeserializer().Decode(data, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return object
	}
	if err != nil {
		return nil
	}
	out, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil
	}
	return copyOf(out).(map[string]any)
}

// namespaces are those that objects live in.
func namespaces(objects []map[string]any) []map[string]any {
	var out []map[string]any
	seen := map[string]bool{"": true}
	for _, o := range objects {
		meta, _ := o["metadata"].(map[string]any)
		ns, _ := meta["namespace"].(string)
		if ns == "" {
			ns = "default"
		}
		if !seen[ns] {
			seen[ns] = true
			out = append(out, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
				"name": ns, "labels": map[string]any{"kubernetes.io/metadata.name": ns},
			}})
		}
	}
	return out
}

// tally counts what came of comparing.
type tally struct {
	same, other, unsupported, refused int
	differing                         []string
	falsePasses                       []string
}

func compare(t *testing.T, subjects []subject, rounds int) {
	t.Helper()
	var y tally
	for _, s := range subjects {
		if len(s.policy) == 0 || bytes.Contains(s.policy, []byte("userInfo")) || bytes.Contains(s.policy, []byte("clusterRoles:")) {
			continue // Kyverno's program knows no user
		}
		y.subject(t, s, rounds)
	}
	for _, d := range y.differing {
		t.Log(d)
	}
	total := y.same + y.other
	if total == 0 {
		t.Fatal("nothing was compared")
	}
	share := 100 * float64(y.same) / float64(total)
	t.Logf("%d of %d verdicts are the same (%.2f %%); %d are unsupported; no API server would take the object of %d", y.same, total, share, y.unsupported, y.refused)
	for _, f := range y.falsePasses {
		t.Error("FALSE PASS " + f)
	}
	if share < 99 {
		t.Errorf("%.2f %% of the verdicts are the same: want 99 %%", share)
	}
}

func (y *tally) subject(t *testing.T, s subject, rounds int) {
	t.Helper()
	h := fnv.New64a()
	h.Write([]byte(s.name))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	var policies any
	_ = yaml.Unmarshal(s.policy, &policies)
	p := poolOf(copyOf(policies))
	var objects []map[string]any
	for _, o := range s.objects {
		if o := stored(o); o != nil {
			objects = append(objects, o)
		}
	}
	objects = append(objects, namespaces(objects)...)
	for n := range rounds {
		for i, o := range s.objects {
			if len(objects) > len(s.objects)+most {
				break
			}
			if m := stored(mutate(r, p, o, n*len(s.objects)+i)); m != nil {
				objects = append(objects, m)
			}
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "policy.yaml"), s.policy)
	var text []byte
	for _, o := range objects {
		text = append(append(text, "---\n"...), encode(t, o)...)
	}
	write(t, filepath.Join(dir, "objects.yaml"), text)
	theirs := askKyverno(t, dir)
	if theirs == nil {
		t.Logf("%s: Kyverno gives no verdict", s.name)
		return
	}
	y.count(s.name, theirs, askPlimsoll(t, dir))
}

func (y *tally) count(name string, theirs, ours map[place]said) {
	for at, want := range theirs {
		got, judged := ours[at]
		if !judged {
			got.result = "none"
		}
		where := fmt.Sprintf("%s: %s %s %s/%s/%s: Kyverno %s, we %s\n\tKyverno: %s\n\twe: %s", name, at.policy, at.rule, at.kind, at.namespace, at.name,
			want.result, got.result, cut(want.message), cut(got.message))
		switch {
		case got.result == "unsupported":
			y.unsupported++
		case got.result == "error" && strings.HasPrefix(got.message, "read "):
			y.refused++ // a field has a type that it cannot have
		case got.result == want.result, got.result == "none" && want.result == "skip", got.result == "skip" && want.result == "none":
			y.same++
		default:
			y.other++
			y.differing = append(y.differing, where)
			if got.result == "pass" && (want.result == "fail" || want.result == "error") {
				y.falsePasses = append(y.falsePasses, where)
			}
		}
	}
}

func cut(s string) string { return s[:min(len(s), 300)] }

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
