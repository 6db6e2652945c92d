package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// TestRemovedRefs reads what --delete names.
func TestRemovedRefs(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "before.yaml")
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var before *inventory.Inventory
	opts := ChangeOptions{}
	opts.Input.MaxDocument = 1 << 20
	before, err := opts.readChange(t.Context(), []string{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]string{
		"ConfigMap/shop/a": "ConfigMap shop/a", "namespace/shop": "Namespace shop", "ConfigMap/a": "", "ConfigMap.apps/shop/a": "", "shop": "", "/x": "",
	} {
		refs, err := removedRefs([]string{arg}, before)
		switch {
		case want == "" && err == nil:
			t.Errorf("%s names %v", arg, refs)
		case want != "" && (err != nil || refs[0].String() != want):
			t.Errorf("%s names %v, %v", arg, refs, err)
		}
	}
}
