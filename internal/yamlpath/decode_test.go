package yamlpath

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	kjson "k8s.io/apimachinery/pkg/util/json"
	kyaml "sigs.k8s.io/yaml"
)

// decode parses text with this package.
func decode(t testing.TB, text string) (any, *Tree, error) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, nil, err
	}
	return Decode(&doc, Limits{})
}

// kubernetes parses text as kubectl does.
func kubernetes(text string) (any, error) {
	data, err := kyaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	var v struct{ V any }
	err = kjson.Unmarshal([]byte(`{"V":`+string(data)+`}`), &v)
	return v.V, err
}

var scalars = strings.Fields(`
y Y yes Yes YES yEs n N no No NO on On ON off Off OFF true True TRUE tRue false False FALSE ~ null Null NULL nULL
0 1 -1 +1 00 07 0644 -0644 +0644 08 0o17 0o8 0b101 -0b101 +0b11 0b2 0x1F 0xfg 0X1f -0x1f 1_000 1__0 _1 1_ 0_7 0x_1
9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616
1.0 1.5 -1.5 +1.5 1. .5 -.5 +.5 . .. .e1 1e3 1E3 1e+3 1e-3 1.5e300 1e400 1e 1e+ .1e .inf .Inf .INF -.inf +.inf .nan .NaN
-.nan 1.2.3 10.0.0.1 1:30 190:20:30 2001-01-01 2001-1-1 2001-12-14t21:59:43.10-05:00 2001-12-15T02:59:43.1Z 20011214
-- --- - + = << a abc 1a a1 100m 1Gi 1e6 0.1 -0 -0.0 0.0 1e20 1e21 1e22 123456789012345678901234567890 0x 0b 0o
"yes" 'no' "0644" '1.0' "~" "" '' !!str·1 !!int·"3" !!float·3 !!bool·"yes" !!int·x !!null·x !!binary·aGVsbG8= !!binary·/w==
!!binary·? !own·3 !!str·"x" !!float·1.5 !!timestamp·2001-01-01 !!null·~ !!bool·true !!int·0644 !!float·.5
.1_0 1_0.5 infinity nan Inf 0x1p4 .0x1 1e5_0 ＋1 é "\u00e9" '"' 0777777777777777777777777 +.Inf .5e3
`)

func TestScalarsAgreeWithKubernetes(t *testing.T) {
	for _, s := range scalars {
		s = strings.ReplaceAll(s, "·", " ")
		for _, text := range []string{"v: " + s + "\n", s + ": v\n", "- " + s + "\n", "v: [" + s + "]\n", "{" + s + ": " + s + "}\n"} {
			agree(t, text)
		}
	}
	for _, text := range []string{"", "a:", "-\n-", "v: |\n  0644\n", "v: >-\n  yes\n", "? a\n: b\n", "a: b c\n  d\n", "# only\n"} {
		agree(t, text)
	}
}

// agree compares both readings. Where Kubernetes' library refuses, ours refuses.
func agree(t testing.TB, text string) {
	t.Helper()
	want, wantErr := kubernetes(text)
	got, tree, err := decode(t, text)
	if (err != nil) != (wantErr != nil) {
		t.Errorf("%q: error %v, Kubernetes %v", text, err, wantErr)
		return
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%q: %#v, Kubernetes %#v", text, got, want)
	}
	if tree != nil {
		checkTree(t, got, tree)
	}
}

// checkTree makes sure that every value has a node.
func checkTree(t testing.TB, value any, tree *Tree) {
	t.Helper()
	if len(tree.nodes) == 0 {
		return
	}
	if int(tree.nodes[0].end) != len(tree.nodes) {
		t.Errorf("the root spans %d of %d nodes", tree.nodes[0].end, len(tree.nodes))
	}
	var walk func(at uint32, v any)
	walk = func(at uint32, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, c := range v {
				next, ok := tree.field(at, k)
				if !ok {
					t.Fatalf("no node for %q", k)
				}
				walk(next, c)
			}
		case []any:
			for i, c := range v {
				next, ok := tree.item(at, i)
				if !ok {
					t.Fatalf("no node for item %d", i)
				}
				walk(next, c)
			}
		}
	}
	walk(0, value)
}

func TestMergesAgreeWithKubernetes(t *testing.T) {
	for _, text := range []string{
		"a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n",
		"a: &a {x: 1, y: 2}\nb: {x: 3, <<: *a}\n",
		"a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\n",
		"a: &a {x: 1}\nb: &b {<<: *a, z: 3}\nc: {<<: *b, x: 4}\n",
		"a: {<<: {x: 1}, y: 2}\n",
		"a: {<<: 1}\n", "a: {<<: [1]}\n", "a: &a [1]\nb: {<<: *a}\n", "a: {<<: [[]]}\n",
		"a: {\"<<\": 1}\n", "a: &a x\nb: *a\n*a : c\n", "a: <<\n",
		"a: &a {x: {y: 1}}\nb: {<<: *a}\nc: *a\n",
	} {
		agree(t, text)
	}
}

func TestRefused(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for _, c := range "123456789" {
		prev := string(c - 1)
		bomb += "a" + string(c) + ": &a" + string(c) + " [" + strings.Repeat("*a"+prev+",", 9) + "*a" + prev + "]\n"
	}
	for name, test := range map[string]struct{ text, want string }{
		"repeated key":         {"a: 1\nb: 2\na: 3\n", `line 3: key "a" is repeated`},
		"repeated typed key":   {"on: 1\ntrue: 2\n", `line 2: key "true" is repeated`},
		"repeated after merge": {"x: &x {q: 1}\ny:\n  a: 1\n  <<: *x\n  a: 2\n", `line 5: key "a" is repeated`},
		"bomb":                 {bomb, "aliases expand to more than 100000 values"},
		"deep maps":            {strings.Repeat("{a: ", 9_000) + "1" + strings.Repeat("}", 9_000), "nested deeper than 1000 levels"},
		"deep lists":           {strings.Repeat("- ", 9_000) + "1", "nested deeper than 1000 levels"},
		"self":                 {"a: &a\n  b: *a\n", "line 2: anchor \"a\" holds itself"},
		"self merge":           {"a: &a\n  <<: *a\n", "line 2: anchor \"a\" holds itself"},
		"infinity":             {"a: .inf\n", "line 1: not-a-number and infinity have no JSON form"},
		"map as key":           {"{a: 1}: 2\n", "line 1: a map or a list cannot be a key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := decode(t, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestJSONAgreesWithKubernetes(t *testing.T) {
	for _, text := range []string{
		`{"a":1,"b":[1.5,-2,1e3,true,null,"x","\ud83d\ude00","\/"],"c":{"d":{}},"e":[]}`, `"x"`, `[]`, `12`, `null`,
		`{"a":9223372036854775808}`, "\n {\"a\" :\r\n\t1}\n",
	} {
		got, tree, err := NewDecoder(Limits{}).DecodeJSON([]byte(text), 1, 1)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var want struct{ V any }
		if err := kjson.Unmarshal([]byte(`{"V":`+text+`}`), &want); err != nil {
			t.Fatal(err)
		}
		// Unlike kubectl, 1e3 may stay a float there: compare as text.
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want.V)
		if string(a) != string(b) {
			t.Errorf("%s: got %s, want %s", text, a, b)
		}
		checkTree(t, got, tree)
	}
}

func TestJSONRefused(t *testing.T) {
	for text, want := range map[string]string{
		"{\"a\":1,\n\"a\":2}":      `line 2: key "a" is repeated`,
		"{\"a\":1,\n\"b\" 2}":      "line 2: this is no JSON",
		"{\"a\":1,\n\"b\":":        "line 2: the JSON ends too early",
		"{\"a\":\n1e999}":          "line 2: a number is too large",
		strings.Repeat("[", 5_000): "nested deeper than 1000 levels",
	} {
		_, _, err := NewDecoder(Limits{}).DecodeJSON([]byte(text), 1, 1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %q", text, err, want)
		}
	}
}

func TestNumbersKeepTheirType(t *testing.T) {
	got, _, err := decode(t, "[1, 1.0, 1e3, 1.5, 18446744073709551615]")
	want := []any{int64(1), int64(1), int64(1000), 1.5, float64(math.MaxUint64)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
}
