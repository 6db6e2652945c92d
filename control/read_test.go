package control_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// readObjects reads the objects of a case.
func readObjects(t *testing.T, input []byte) ([]*inventory.Object, []inventory.Gap) {
	t.Helper()
	var objects []*inventory.Object
	for _, doc := range documents(t, input) {
		value, tree, err := yamlpath.Decode(doc, yamlpath.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		content := value.(map[string]any)
		ref := finding.Ref{
			APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
			Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
		}
		o := &inventory.Object{Ref: ref, Content: content, Locate: tree.Locate,
			Origin: finding.Position{File: "case.yaml", Line: doc.Content[0].Line}}
		if ref.Namespace == "" && policy.Namespaced(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)) {
			o.Namespace, o.NamespaceAssumed = "default", true
		}
		objects = append(objects, o)
	}
	return objects, nil
}
