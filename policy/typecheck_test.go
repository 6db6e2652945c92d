package policy

import (
	"strings"
	"testing"
)

const openAPI = `{"components":{"schemas":{
 "io.k8s.api.core.v1.ConfigMap":{"type":"object","properties":{
   "apiVersion":{"type":"string"},"kind":{"type":"string"},
   "metadata":{"allOf":[{"$ref":"#/components/schemas/Meta"}]},
   "data":{"type":"object","additionalProperties":{"type":"string"}}},
  "x-kubernetes-group-version-kind":[{"group":"","version":"v1","kind":"ConfigMap"}]},
 "Meta":{"type":"object","properties":{"name":{"type":"string"},"generateName":{"type":"string"},"generation":{"type":"integer","format":"int64"}}}}}}`

func checkedTypes(t *testing.T, resources, expression string) ([]TypeWarning, int) {
	t.Helper()
	p, err := Parse([]byte(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [` + resources + `]}]}
  variables: [{name: data, expression: object.data}]
  validations: [{expression: "` + expression + `"}]
`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadSchemas([]byte(openAPI))
	if err != nil {
		t.Fatal(err)
	}
	return p.CheckTypes(s)
}

func TestCheckTypes(t *testing.T) {
	for _, c := range []struct {
		resources, expression, want string
		known                       int
	}{
		{"configmaps", "object.data['a'] == 'b' && object.metadata.generation > 1", "", 1},
		{"configmaps", "object.dota['a'] == 'b'", "undefined field 'dota'", 1},
		{"configmaps", "variables.data['a'] == 1", "no matching overload", 1},
		{"configmaps", "object.metadata.name > 1", "no matching overload", 1},
		{"secrets", "object.dota == 'b'", "", 0},
		{"'*'", "object.dota == 'b'", "", 0},
	} {
		warnings, known := checkedTypes(t, c.resources, c.expression)
		if known != c.known && c.resources != "'*'" {
			t.Errorf("%s: %d kinds are known, want %d", c.resources, known, c.known)
		}
		switch {
		case c.want == "" && len(warnings) > 0:
			t.Errorf("%s: %v", c.expression, warnings)
		case c.want != "" && (len(warnings) != 1 || warnings[0].Path != "spec.validations[0].expression" || !strings.Contains(warnings[0].Message, c.want)):
			t.Errorf("%s: %v", c.expression, warnings)
		}
	}
}

func TestReadSchemasRefuses(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `{"components":{"schemas":{"a":null}}}`, `{"components":{"schemas":{"a":{"x-kubernetes-group-version-kind":"b"}}}}`, "{\"definitions\": 1}"} {
		if _, err := ReadSchemas([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
