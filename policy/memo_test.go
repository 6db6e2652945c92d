package policy

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// dialectPolicy makes a policy of the dialect about Pods.
func dialectPolicy(t *testing.T, violations string) *Policy {
	t.Helper()
	p, err := Parse([]byte(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: test}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  variables: [{name: violations, expression: ` + strconv.Quote(violations) + `}]
  validations:
  - expression: variables.violations.size() == 0
    messageExpression: ` + strconv.Quote("'Bad: ' + "+dialectMessage) + `
  auditAnnotations: [{key: violations, valueExpression: ` + strconv.Quote(dialectAnnotation) + `}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if ok, why := p.InDialect(); !ok {
		t.Fatal(why)
	}
	return p
}

const replica = `{apiVersion: v1, kind: Pod, metadata: {name: cart-NAME, uid: NAME, namespace: shop, labels: {app: cart}},
  spec: {nodeName: node-NAME, containers: [{name: web, volumeMounts: [{name: kube-api-access-NAME}]}],
  volumes: [{name: kube-api-access-NAME}]}, status: {podIP: NAME}}`

func podInput(t *testing.T, text string) Input {
	t.Helper()
	var content map[string]any
	if err := yaml.Unmarshal([]byte(text), &content); err != nil {
		t.Fatal(err)
	}
	in := Input{Object: content}
	in.Kind.Version, in.Kind.Kind = "v1", "Pod"
	in.Resource = ResourceFor(in.Kind)
	return in
}

func replicaInput(t *testing.T, name string) Input {
	return podInput(t, strings.ReplaceAll(replica, "NAME", name))
}

// TestRemembered counts how many contents are judged: what differs between replicas is left out of the key exactly
// when the policy does not look at it.
func TestRemembered(t *testing.T) {
	change := func(old, new string) func(string) string {
		return func(text string) string { return strings.ReplaceAll(text, old, new) }
	}
	for _, c := range []struct {
		name, violations string
		change           func(string) string
		remembered       int // contents, after a pod and its changed replica
	}{
		{"replicas", "object.spec.containers.filter(c, c.name == 'x').map(c, 'spec')", nil, 1},
		{"other image", "object.spec.containers.filter(c, c.name == 'x').map(c, 'spec')", change("name: web,", "name: web, image: b,"), 2},
		{"a label nobody reads", "object.spec.containers.filter(c, c.name == 'x').map(c, 'spec')", change("app: cart", "app: b"), 1},
		{"a label that is read", "object.metadata.?labels.?app.orValue('') == 'b' ? ['metadata'] : []", change("app: cart", "app: b"), 2},
		{"reads the name", "object.metadata.name == 'x' ? ['metadata.name'] : []", nil, 0},
		{"reads all metadata", "dyn(object.metadata) == dyn(1) ? ['metadata'] : []", nil, 0},
		{"reads the object", "dyn(object) == dyn(1) ? ['spec'] : []", nil, 0},
		{"reads the node", "object.spec.?nodeName.orValue('') == 'x' ? ['spec.nodeName'] : []", nil, 0},
		{"reads the request's name", "request.name == 'x' ? ['metadata.name'] : []", nil, 0},
		{"reads the status", "has(object.status.podIP) ? ['status'] : []", nil, 0},
		{"reads the namespace object", "namespaceObject == null ? [] : ['metadata.namespace']", nil, 0},
		{"names the token volume", "object.spec.volumes.map(v, 'spec.volumes[name=' + v.name + ']')", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := dialectPolicy(t, c.violations)
			set := NewSet([]*Policy{p})
			other := strings.ReplaceAll(replica, "NAME", "b")
			if c.change != nil {
				other = c.change(other)
			}
			for _, in := range []Input{replicaInput(t, "a"), replicaInput(t, "a"), podInput(t, other), replicaInput(t, "x")} {
				fast, exact := set.Evaluate(context.Background(), in, nil)[0], p.Evaluate(context.Background(), in)
				if fast.Denied != exact.Denied || (fast.Err == nil) != (exact.Err == nil) || len(fast.Violations) != len(exact.Violations) {
					t.Errorf("fast %+v, exact %+v", fast, exact)
				}
			}
			if got := len(set.memo.known); got != c.remembered {
				t.Errorf("%d contents are remembered, want %d", got, c.remembered)
			}
		})
	}
}

// TestMemoIsBounded forgets the oldest.
func TestMemoIsBounded(t *testing.T) {
	m := newMemo()
	b := &batch{}
	for i := range 3 * memoSize {
		key := memoKey{batch: b}
		key.content[0], key.content[1] = byte(i), byte(i>>8)
		m.put(key, b, nil)
	}
	if len(m.known) != memoSize || len(m.order) != memoSize {
		t.Errorf("%d remembered, %d in order: want %d", len(m.known), len(m.order), memoSize)
	}
}

// TestEqualText: two contents have the same canonical text only when they are the same.
func TestEqualText(t *testing.T) {
	text := func(v any) string {
		h := &hasher{}
		h.value(v)
		return string(h.text)
	}
	values := []any{
		nil, true, false, "", "a", "ab", int64(0), int64(1), 1.0, []any{}, []any{nil}, []any{[]any{}}, []any{"a", "b"}, []any{"ab"},
		map[string]any{}, map[string]any{"a": nil}, map[string]any{"a": "b"}, map[string]any{"a": map[string]any{"b": nil}},
		map[string]any{"a": nil, "b": nil}, []any{map[string]any{"a": "b"}}, []any{map[string]any{}, map[string]any{}},
	}
	seen := map[string]int{}
	for i, v := range values {
		if j, ok := seen[text(v)]; ok {
			t.Errorf("%v and %v have the same text", v, values[j])
		}
		seen[text(v)] = i
	}
}
