package yamledit

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-io/plimsoll/finding"
)

func set(path finding.Path, v any) Edit {
	return Edit{Path: path, Fix: finding.Fix{Op: finding.Set, Value: v}}
}

func remove(path finding.Path) Edit { return Edit{Path: path, Fix: finding.Fix{Op: finding.Remove}} }

func add(path finding.Path, v any) Edit {
	return Edit{Path: path, Fix: finding.Fix{Op: finding.Append, Value: v}}
}

func TestApply(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
		edits            []Edit
	}{
		{"a scalar keeps its comment", "a: true   # why\nb: 1\n", "a: false   # why\nb: 1\n", []Edit{set("a", false)}},
		{"quotes stay", "a: 'x' # c\nb: \"y\"\n", "a: 'z' # c\nb: \"w\"\n", []Edit{set("a", "z"), set("b", "w")}},
		{"a new field before the comment of the next", "a:\n    b: 1 # c\n\n# about c\nc: 2\n",
			"a:\n    b: 1 # c\n    d: 2\n\n# about c\nc: 2\n", []Edit{set("a.d", 2)}},
		{"missing parents", "a:\n    b: 1\n", "a:\n    b: 1\n    c:\n        d:\n            e: true\n", []Edit{set("a.c.d.e", true)}},
		{"Windows line ends", "a:\r\n  b: 1\r\n", "a:\r\n  b: 1\r\n  c: 2\r\n", []Edit{set("a.c", 2)}},
		{"byte order mark", "\ufeffa: 1\n", "\ufeffa: 2\n", []Edit{set("a", 2)}},
		{"no line break at the end", "a:\n  b: 1", "a:\n  b: 1\n  c: 2", []Edit{set("a.c", 2)}},
		{"flow", "a: {b: 1, c: [x, y]} # z\n", "a: {b: 2, c: [x, y, w], d: e} # z\n", []Edit{set("a.b", 2), add("a.c", "w"), set("a.d", "e")}},
		{"flow removed", "a: {b: 1, c: 2, d: 3}\n", "a: {c: 2}\n", []Edit{remove("a.b"), remove("a.d")}},
		{"flow emptied", "a: {b: 1}\nc: [x]\n", "a: {}\nc: []\n", []Edit{remove("a.b"), remove("c[0]")}},
		{"empty opened", "a: {} # none\nb:\nc: ~\n", "a: # none\n  x: 1\nb:\n  w: 2\nc:\n  z: 3\n",
			[]Edit{set("a.x", 1), set("b.w", 2), set("c.z", 3)}},
		{"emptied", "a: # why\n  b: 1\nc: 2\n", "a: {} # why\nc: 2\n", []Edit{remove("a.b")}},
		{"removed with what belongs to it", "a:\n- name: x\n  b: |\n    text\n    # text\n  # about c\n  c: 1\n", "a:\n- name: x\n  # about c\n  c: 1\n",
			[]Edit{remove("a[name=x].b")}},
		{"first field of an item", "a:\n  - b: 1 # no\n    # c\n    c: 2\n", "a:\n  - # c\n    c: 2\n", []Edit{remove("a[0].b")}},
		{"items of indented lists", "a:\n  - x\n  - y # no\n  # end\nb:\n  - x # one\n", "a:\n  - x\n  # end\nb:\n  - x # one\n  - z\n",
			[]Edit{remove("a[1]"), add("b", "z")}},
		{"a new list as the others are", "x:\n  - 1\na:\n  b: 1\n", "x:\n  - 1\na:\n  b: 1\n  c:\n    - ALL\n", []Edit{add("a.c", "ALL")}},
		{"after a block scalar", "a:\n  b: |\n    x\n\n    # y\n\nc: 1\n", "a:\n  b: |\n    x\n\n    # y\n  d: 1\n\nc: 1\n", []Edit{set("a.d", 1)}},
		{"a plain text of several lines", "a:\n  b: one\n    two\n  c: 1\n", "a:\n  b: x\n  c: 1\n", []Edit{set("a.b", "x")}},
		{"an alias is opened", "a: &x {b: 1}\nc: *x\n", "a: &x {b: 1}\nc:\n  b: 2\n", []Edit{set("c.b", 2)}},
		{"an alias that shall change too", "a: &x\n  b: 1\nc: *x\n", "a: &x\n  b: 2\nc: *x\n", []Edit{set("a.b", 2), set("c.b", 2)}},
		{"an alias that shall not change", "a: &x\n  b: 1\nc: *x\n", "a: &x\n  b: 2\nc:\n  b: 1\n", []Edit{set("a.b", 2)}},
		{"a merged field is overridden", "a: &x\n  b: 1\nc:\n  <<: *x\n", "a: &x\n  b: 1\nc:\n  <<: *x\n  b: 2\n", []Edit{set("c.b", 2)}},
		{"JSON", "{\n  \"a\": {\n    \"b\": 1\n  },\n  \"c\": [\"x\"]\n}\n", "{\n  \"a\": {\n    \"b\": 1,\n    \"d\": {\"e\": true}\n  },\n  \"c\": [\"x\", \"y\"]\n}\n",
			[]Edit{set("a.d.e", true), add("c", "y")}},
		{"JSON with tabs", "{\n\t\"a\": {\n\t\t\"b\": true\n\t}\n}", "{\n\t\"a\": {\n\t\t\"b\": false,\n\t\t\"c\": \"x\"\n\t}\n}",
			[]Edit{set("a.b", false), set("a.c", "x")}},
		{"a document marker", "---\n# c\na: 1\n", "---\n# c\na: 1\nb: 2\n", []Edit{set("b", 2)}},
		{"an item after a bare dash", "a:\n-\n  b: 1\n- \n  b: 2\n", "a:\n-\n  b: 1\n  c: 3\n- \n  b: 2\n", []Edit{set("a[0].c", 3)}},
		{"nothing to do", "a: 1 # x\n", "a: 1 # x\n", []Edit{remove("b.c"), set("a", 1)}},
		{"a text that looks like a boolean", "a: b\n", "a: \"yes\"\n", []Edit{set("a", "yes")}},
		{"characters of several bytes", "é: {ü: ö, a: 1}\n", "é: {ü: ö, a: 2}\n", []Edit{set("é.a", 2)}},
		{"a key in quotes", "\"a\": 1\n'b' : 2\n", "\"a\": 3\n'b' : 4\n", []Edit{set("a", 3), set("b", 4)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := 1 + strings.Count(test.text[:strings.IndexAny(test.text, "aéx{'\"")], "\n")
			if strings.HasPrefix(test.text, "---") {
				line = 3
			}
			for i := range test.edits {
				test.edits[i].Line, test.edits[i].Column = line, 1
			}
			got, refused := Apply([]byte(test.text), test.edits)
			for _, err := range refused {
				if err != nil {
					t.Error(err)
				}
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		text string
		edit Edit
		want string
	}{
		{"a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n", remove("c.b"), "merge key"},
		{"a: !!bool true\n", set("a", false), "tag"},
		{"a: 1\n", set("a.b", 2), "no map"},
		{"a: 1\na: 2\n", set("b", 2), "repeated"},
		{"a: [1]\n", set("a[3]", 2), "no such list item"},
		{"a: {\n", set("a", 2), "no YAML"},
		{"\xff\xfea\x00", set("a", 2), "UTF-16"},
		{"a: 1\n", Edit{Line: 7, Path: "a", Fix: finding.Fix{Op: finding.Remove}}, "not where it was read"},
	} {
		if test.edit.Line == 0 {
			test.edit.Line, test.edit.Column = 1, 1
		}
		got, refused := Apply([]byte(test.text), []Edit{test.edit})
		if string(got) != test.text || refused[0] == nil || !strings.Contains(refused[0].Error(), test.want) {
			t.Errorf("%q: %q, error %v; want %q", test.text, got, refused[0], test.want)
		}
	}
}

func TestObjects(t *testing.T) {
	text := "kind: List\nitems:\n- kind: A # a\n  x: 1\n-\n  kind: B\n---\nkind: C\n---\nbroken: [\n"
	edit := func(line, column int, v any) Edit {
		e := set("x", v)
		e.Line, e.Column = line, column
		return e
	}
	got, refused := Apply([]byte(text), []Edit{edit(3, 3, 2), edit(6, 3, 3), edit(8, 1, 4), edit(10, 1, 5)})
	want := "kind: List\nitems:\n- kind: A # a\n  x: 2\n-\n  kind: B\n  x: 3\n---\nkind: C\nx: 4\n---\nbroken: [\n"
	if diff := cmp.Diff(want, string(got)); diff != "" || refused[0] != nil || refused[1] != nil || refused[2] != nil || refused[3] == nil {
		t.Errorf("%v\n%s", refused, diff)
	}
}

// FuzzApply edits texts of all kinds: an edit that is made changes the value at its path and no line that it does not concern.
func FuzzApply(f *testing.F) {
	for _, text := range []string{
		"a: 1 # c\nb:\n- c: d\n  e: |\n    f\n  # g\n- {h: [i, j]}\n", "{\"a\": {\"b\": [1, \"c\"]}}", "a: &x\n  b: 1\nc: *x\nd:\n  <<: *x\n",
		"a:\r\n  b: 'c'\r\n", "a: >-\n  b\n   c\n\n\nd: e\n", "- a\n- - b\n  - c\n", "a: b\n  c\n# d\n\ne:\n", "? a\n: b\n",
		"a: |2+\n   b\n\n\n", "a: \"b\\\n  c\" # d\n", "a: [b, # c\n  d: e,\n]\n", "a: - b\n", "--- {a: b}\n...\n",
	} {
		f.Add(text, "a.b", "set", "x")
		f.Add(text, "b[0].c", "remove", "")
		f.Add(text, "c.d", "append", "z")
	}
	f.Fuzz(func(t *testing.T, text, path, op, value string) {
		docs, before, err := parse([]byte(text))
		if err != nil || len(docs) != 1 || len(docs[0].Content) == 0 {
			return
		}
		root := docs[0].Content[0]
		e := Edit{Line: root.Line, Column: root.Column, Path: finding.Path(path), Fix: finding.Fix{Op: finding.Op(op), Value: value}}
		got, refused := Apply([]byte(text), []Edit{e})
		if refused[0] != nil {
			if string(got) != text {
				t.Fatalf("refused, yet %q became %q", text, got)
			}
			return
		}
		want, err := Change(before[0], e.Path, e.Fix)
		if err != nil {
			t.Fatal(err)
		}
		_, after, err := parse(got)
		if err != nil || len(after) != 1 || !reflect.DeepEqual(after[0], want) {
			t.Fatalf("%q became %q: %v", text, got, err)
		}
		again, _ := Apply(got, []Edit{e})
		if op == "set" && string(again) != string(got) {
			t.Fatalf("%q became %q and then %q", text, got, again)
		}
	})
}
