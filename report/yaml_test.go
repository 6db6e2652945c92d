package report

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

// TestYAMLIsTheJSON reads both forms of a report and compares them, with two YAML readers of different editions.
func TestYAMLIsTheJSON(t *testing.T) {
	for name, d := range documents() {
		var want, got any
		if err := json.Unmarshal([]byte(render(t, WriteJSON, d, Options{})), &want); err != nil {
			t.Fatal(err)
		}
		text := []byte(render(t, WriteYAML, d, Options{}))
		if err := sigs.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-json +yaml):\n%s", name, diff)
		}
		if err := yaml.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if got = nil; json.Unmarshal(again, &got) != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: another reader reads something else: %s", name, cmp.Diff(want, got))
		}
	}
}
