package yamledit_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/txtartest"
	"github.com/plimsoll-io/plimsoll/internal/yamledit"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/scan"
)

// TestAgreesWithApply makes each fix of every control's test cases twice, in the text and in the parsed document:
// both mean the same.
func TestAgreesWithApply(t *testing.T) {
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	made, refused := 0, 0
	for _, c := range controls {
		file, err := txtartest.Read(filepath.Join("..", "..", "control", "testdata", c.ID+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, tc := range file.Cases {
			for _, f := range fixable(t, c, tc.Input) {
				e := yamledit.Edit{Line: f.start.Line, Column: f.start.Column, Path: f.Path, Fix: *f.Fix}
				out, why := yamledit.Apply(tc.Input, []yamledit.Edit{e})
				want, err := apply(tc.Input, e)
				if (why[0] != nil) != (err != nil) {
					t.Errorf("%s %s: text %v, document %v", tc.Name, f.Path, why[0], err)
				}
				if why[0] != nil || err != nil {
					refused++
					continue
				}
				made++
				if got := values(t, out); !reflect.DeepEqual(got, want) {
					t.Errorf("%s %s: %v, want %v\n%s", tc.Name, f.Path, got, want, out)
				}
			}
		}
	}
	t.Logf("%d fixes made, %d refused", made, refused)
	if made < 100 {
		t.Errorf("only %d fixes were made", made)
	}
}

type located struct {
	finding.Finding
	start finding.Position
}

func fixable(t *testing.T, c control.Control, input []byte) []located {
	t.Helper()
	objects, gaps := manifest.ReadBytes("case.yaml", input, manifest.Options{})
	inv := inventory.New(inventory.Source{Kind: "files"}, time.Unix(0, 0), "", objects, gaps)
	report, err := scan.Run(context.Background(), inv, scan.Options{Controls: []control.Control{c}})
	if err != nil {
		t.Fatal(err)
	}
	var out []located
	for _, f := range report.Results[0].Findings {
		for _, o := range objects {
			if f.Fix != nil && o.Ref == f.Object && f.Position.Line >= o.Origin.Line {
				out = append(out, located{f, o.Origin})
				break
			}
		}
	}
	return out
}

// apply edits the parsed document.
func apply(input []byte, e yamledit.Edit) ([]any, error) {
	dec := yaml.NewDecoder(bytes.NewReader(input))
	var out []any
	for {
		doc := new(yaml.Node)
		if err := dec.Decode(doc); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		if len(doc.Content) > 0 && doc.Content[0].Line == e.Line {
			if err := yamlpath.Apply(doc, e.Path, e.Fix); err != nil {
				return nil, err
			}
		}
		v, _, err := yamlpath.Decode(doc, yamlpath.Limits{})
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

func values(t *testing.T, text []byte) []any {
	t.Helper()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var out []any
	for {
		doc := new(yaml.Node)
		if dec.Decode(doc) != nil {
			return out
		}
		v, _, err := yamlpath.Decode(doc, yamlpath.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
}
