package admission

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	jsonutil "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// TestKind is the kind of files of test cases; their API version is plimsoll.io/v1.
const TestKind = "PolicyTest"

// IsTest says whether an object is a file of test cases.
func IsTest(o *inventory.Object) bool { return o.Kind == TestKind && o.Group() == "plimsoll.io" }

// A Test is a file of test cases: what policies are expected to say.
type Test struct {
	Name   string
	Source *inventory.Object
	// Policies are the names of the policies that are tested; empty means all that were read.
	Policies []string
	Cases    []Case

	redact func(map[string]any) int
}

// A Case is one request and what is expected.
type Case struct {
	Name    string
	Request Request
	Params  []*inventory.Object
	Expect  Expectation
}

// An Expectation is what an API server should do.
type Expectation struct {
	// Verdict is "allow", "deny", "warn" or "audit"; the last two let the request through, and say so.
	Verdict Verdict `json:"verdict"`
	// Message is a part of what it says; "" means that nothing is expected of it.
	Message string `json:"message"`
	// Error is a part of the error of an expression that cannot be evaluated; "" means that all can.
	Error string `json:"error"`
	// Object is what the object has to hold once mutating policies are through: the fields that it names, and null for those
	// that must not be there. nil means that nothing is expected of it.
	Object map[string]any `json:"object"`
}

// A Verdict is what an API server does with a request.
type Verdict string

// The verdicts.
const (
	Allow Verdict = "allow"
	Deny  Verdict = "deny"
	Warn  Verdict = "warn"
	Audit Verdict = "audit"
)

// maxCases bounds the cases of one file.
const maxCases = 10_000

// A testFile is a Test as it is written. Objects stay text until their numbers can be read as the API server reads them.
type testFile struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   map[string]any `json:"metadata"`
	Policies   []string       `json:"policies"`
	Cases      []caseFile     `json:"cases"`
}

type caseFile struct {
	Name      string                    `json:"name"`
	Operation admissionv1.OperationType `json:"operation"`
	Object    json.RawMessage           `json:"object"`
	OldObject json.RawMessage           `json:"oldObject"`
	UserInfo  *policy.User              `json:"userInfo"`
	Namespace *namespaceFile            `json:"namespace"`
	Params    []json.RawMessage         `json:"params"`
	Expect    Expectation               `json:"expect"`
}

type namespaceFile struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// ReadTest reads the test cases of an object for which IsTest holds. Unknown fields are errors. redact takes the secrets
// out of each object of a case, as out of all objects that are read.
func ReadTest(o *inventory.Object, redact func(map[string]any) int) (*Test, error) {
	var file testFile
	text, err := json.Marshal(o.Content)
	if err == nil {
		err = yaml.UnmarshalStrict(text, &file)
	}
	if err != nil {
		return nil, fmt.Errorf("read policy test %s: %w", o.Name, err)
	}
	if o.APIVersion != "plimsoll.io/v1" {
		return nil, fmt.Errorf("read policy test %s: apiVersion is %q: want plimsoll.io/v1", o.Name, o.APIVersion)
	}
	if len(file.Cases) == 0 {
		return nil, fmt.Errorf("read policy test %s: it has no cases", o.Name)
	}
	if len(file.Cases) > maxCases {
		return nil, fmt.Errorf("read policy test %s: %d cases are more than the limit of %d", o.Name, len(file.Cases), maxCases)
	}
	t := &Test{Name: o.Name, Source: o, Policies: file.Policies, redact: redact}
	for i := range file.Cases {
		c, err := file.Cases[i].read(redact)
		if err != nil {
			return nil, fmt.Errorf("read policy test %s: cases[%d] %s: %w", o.Name, i, file.Cases[i].Name, err)
		}
		if slices.ContainsFunc(t.Cases, func(d Case) bool { return d.Name == c.Name }) {
			return nil, fmt.Errorf("read policy test %s: cases[%d]: the name %q is there twice", o.Name, i, c.Name)
		}
		c.Request.Position = place(o, fmt.Sprintf("cases[%d]", i))
		t.Cases = append(t.Cases, c)
	}
	return t, nil
}

func (f *caseFile) read(redact func(map[string]any) int) (Case, error) {
	c := Case{Name: f.Name, Expect: f.Expect}
	if f.Name == "" {
		return c, errors.New("name is missing")
	}
	switch f.Expect.Verdict {
	case Allow, Deny, Warn, Audit:
	default:
		return c, fmt.Errorf("expect.verdict is %q: want allow, deny, warn or audit", f.Expect.Verdict)
	}
	object, err := readObject("object", f.Object, redact)
	if err != nil {
		return c, err
	}
	old, err := readObject("oldObject", f.OldObject, redact)
	if err != nil {
		return c, err
	}
	if err := checkOperation(f.Operation, object != nil, old != nil); err != nil {
		return c, err
	}
	for i, text := range f.Params {
		param, err := readObject(fmt.Sprintf("params[%d]", i), text, redact)
		if err != nil {
			return c, err
		}
		if param == nil {
			return c, fmt.Errorf("params[%d] is empty", i)
		}
		c.Params = append(c.Params, param)
	}
	c.Request = f.request(object, old)
	return c, nil
}

// checkOperation holds the objects of a request to its operation.
func checkOperation(operation admissionv1.OperationType, object, old bool) error {
	switch operation {
	case "", admissionv1.Create:
		if !object || old {
			return errors.New("a CREATE needs an object, and has no oldObject (for an UPDATE write operation: UPDATE)")
		}
	case admissionv1.Update:
		if !object || !old {
			return errors.New("an UPDATE needs object and oldObject")
		}
	case admissionv1.Delete:
		if object || !old {
			return errors.New("a DELETE needs oldObject, and has no object")
		}
	default:
		return fmt.Errorf("operation is %q: want CREATE, UPDATE or DELETE", operation)
	}
	return nil
}

func (f *caseFile) request(object, old *inventory.Object) Request {
	r := Request{Operation: f.Operation, User: f.UserInfo}
	subject := object
	if old != nil {
		subject, r.OldObject = old, named(old)
	}
	if object != nil {
		subject, r.Object = object, named(object)
	}
	r.Ref = subject.Ref
	if f.Namespace != nil && r.Ref.Namespace != "" {
		r.Namespace = map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
			"name": r.Ref.Namespace, "labels": anyMap(f.Namespace.Labels), "annotations": anyMap(f.Namespace.Annotations),
		}}
	}
	return r
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// readObject reads an object in a test file; nil when there is none. Objects of built-in kinds that live in namespaces
// and name none are in "default".
func readObject(field string, text json.RawMessage, redact func(map[string]any) int) (*inventory.Object, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	var content map[string]any
	if err := jsonutil.Unmarshal(text, &content); err != nil {
		return nil, fmt.Errorf("%s is no object: %w", field, err)
	}
	redact(content)
	o := &inventory.Object{Content: content}
	o.APIVersion, o.Kind = inventory.String(content, "apiVersion"), inventory.String(content, "kind")
	o.Namespace, o.Name = inventory.String(content, "metadata", "namespace"), inventory.String(content, "metadata", "name")
	if o.APIVersion == "" || o.Kind == "" {
		return nil, fmt.Errorf("%s needs apiVersion and kind", field)
	}
	if o.Namespace == "" && policy.BuiltInNamespaced(o.APIVersion, o.Kind) {
		o.Namespace, o.NamespaceAssumed = "default", true
	}
	return o, nil
}
