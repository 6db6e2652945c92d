package control

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

// TestOddShapes puts values of wrong types into every field of every case of the Go controls' test data, one at a time;
// into an object that several cases share, once.
// No control may panic: files are read before anybody checks their types.
func TestOddShapes(t *testing.T) {
	for _, c := range goControls() {
		t.Run(c.ID, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", c.ID+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, file := range txtar.Parse(data).Files {
				if !strings.Contains(file.Name, ":") {
					continue
				}
				var objects []map[string]any
				docs := strings.Split(strings.TrimSpace(string(file.Data)), "\n---\n")
				for _, doc := range docs {
					var content map[string]any
					if err := yaml.Unmarshal([]byte(doc), &content); err != nil {
						t.Fatal(err)
					}
					objects = append(objects, content)
				}
				for i, content := range objects {
					if seen[docs[i]] {
						continue
					}
					seen[docs[i]] = true
					mutate(content, func() { c.Check(factsOf(objects)) })
				}
			}
		})
	}
}

type nobody struct{}

func (nobody) HasUser(string) bool  { return false }
func (nobody) HasGroup(string) bool { return false }

// longUse is a log of two events that lie long apart.
var longUse = sync.OnceValue(func() *usage.Usage {
	const event = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":"ResponseComplete","verb":"get","requestURI":"/x",` +
		`"user":{"username":"jane"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-0%d-01T00:00:00Z"}` + "\n"
	log := auditlog.FromReader("log", strings.NewReader(fmt.Sprintf(event, 1)+fmt.Sprintf(event, 3)))
	used, err := usage.Collect(context.Background(), []auditlog.Input{log}, usage.Options{})
	if err != nil {
		panic(err)
	}
	return used
})

func factsOf(objects []map[string]any) *Facts {
	var all []*inventory.Object
	for _, content := range objects {
		all = append(all, &inventory.Object{Content: content, Origin: finding.Position{File: "case.yaml"}, Ref: finding.Ref{
			APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
			Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
		}})
	}
	settings := Settings{PodTemplates: map[string]string{"Rollout.argoproj.io": "spec.template"}, People: nobody{}, Used: longUse()}
	return NewFacts(inventory.New(inventory.Source{Kind: "files"}, time.Unix(0, 0), "", all, nil), settings)
}

// mutate calls try with each value below node replaced by each odd value, and restores it.
func mutate(node any, try func()) {
	odd := []any{nil, "", int64(7), true, []any{}, map[string]any{}, []any{nil, "x"}, map[string]any{"x": nil}}
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			for _, o := range odd {
				node[key] = o
				try()
			}
			node[key] = value
			mutate(value, try)
		}
	case []any:
		for i, value := range node {
			for _, o := range odd {
				node[i] = o
				try()
			}
			node[i] = value
			mutate(value, try)
		}
	}
}
