// Package auditpolicy reads audit policies (audit.k8s.io/v1) and says what an API server would record under them. Policies are
// decoded, validated and evaluated by the code of Kubernetes itself; they are files of the API server, not objects of its API.
package auditpolicy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/apis/audit"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/apiserver/pkg/apis/audit/validation"
	apiaudit "k8s.io/apiserver/pkg/audit"
	evaluator "k8s.io/apiserver/pkg/audit/policy"
)

// Group and Kind are those of audit policies.
const (
	Group = "audit.k8s.io"
	Kind  = "Policy"
)

// The levels, from nothing to everything.
const (
	None            = string(audit.LevelNone)
	Metadata        = string(audit.LevelMetadata)        // who, what, when
	Request         = string(audit.LevelRequest)         // with the body of the request
	RequestResponse = string(audit.LevelRequestResponse) // with both bodies
)

var levels = []string{None, Metadata, Request, RequestResponse}

// Compare orders levels by how much they record. Unknown ones, and "", are below all others.
func Compare(a, b string) int { return cmp.Compare(slices.Index(levels, a), slices.Index(levels, b)) }

// maxPolicy is the longest policy that is read, in bytes; more than two rules for every resource of a large cluster.
const maxPolicy = 4 << 20

// A Policy says what is recorded of which request. It may be used by several goroutines.
type Policy struct {
	rules     []audit.PolicyRule
	evaluator apiaudit.PolicyRuleEvaluator
}

// A Problem is what is wrong with a policy.
type Problem struct {
	// Field is where, "rules[2].level"; "" where it is not known.
	Field   string
	Message string
	// Fatal says that an API server given this policy does not start. It starts with the others, and ignores the field.
	Fatal bool
}

func (p Problem) String() string {
	if p.Field == "" {
		return p.Message
	}
	return p.Field + ": " + p.Message
}

// Parse reads a policy as YAML or JSON and names everything that is wrong with it: what the API server refuses, what it
// ignores, and what it accepts without a use. The policy is nil if a problem is fatal.
func Parse(data []byte) (*Policy, []Problem) {
	if len(data) > maxPolicy {
		return nil, []Problem{{Message: fmt.Sprintf("the policy is longer than %d MiB", maxPolicy>>20), Fatal: true}}
	}
	decoded := &audit.Policy{}
	_, kind, err := serializer.NewCodecFactory(apiaudit.Scheme, serializer.EnableStrict).UniversalDecoder().Decode(data, nil, decoded)
	var problems []Problem
	if err != nil {
		if !runtime.IsStrictDecodingError(err) {
			return nil, []Problem{{Message: err.Error(), Fatal: true}}
		}
		problems = ignored(err)
		decoded = &audit.Policy{}
		if _, kind, err = apiaudit.Codecs.UniversalDecoder(auditv1.SchemeGroupVersion).Decode(data, nil, decoded); err != nil {
			return nil, append(problems, Problem{Message: err.Error(), Fatal: true})
		}
	}
	if kind.GroupVersion() != auditv1.SchemeGroupVersion {
		return nil, append(problems, Problem{Field: "apiVersion", Message: "it has to be " + auditv1.SchemeGroupVersion.String(), Fatal: true})
	}
	refused := validation.ValidatePolicy(decoded)
	for _, e := range refused {
		problems = append(problems, Problem{Field: e.Field, Message: message(e), Fatal: true})
	}
	if len(decoded.Rules) == 0 {
		problems = append(problems, Problem{Field: "rules", Message: "there are no rules", Fatal: true})
	}
	if len(refused) > 0 || len(decoded.Rules) == 0 {
		return nil, problems
	}
	return newPolicy(decoded), problems
}

func message(e *field.Error) string { return e.ErrorBody() }

// ignored are the fields that an API server does not know, or found twice.
func ignored(err error) []Problem {
	var strict interface{ Errors() []error }
	if !errors.As(err, &strict) {
		return []Problem{{Message: err.Error()}}
	}
	var out []Problem
	for _, e := range strict.Errors() {
		out = append(out, Problem{Message: strings.Join(strings.Fields(e.Error()), " ") + ", which the API server ignores"})
	}
	return out
}

// newPolicy prepares a valid policy. The evaluator of Kubernetes does not tell which rule decided: each rule is given its
// own place in the list as its level, and the level is looked up by it.
func newPolicy(decoded *audit.Policy) *Policy {
	p := &Policy{rules: decoded.Rules}
	numbered := decoded.DeepCopy()
	for i := range numbered.Rules {
		numbered.Rules[i].Level = audit.Level(strconv.Itoa(i))
	}
	p.evaluator = evaluator.NewPolicyRuleEvaluator(numbered)
	return p
}

// Rules is how many rules there are.
func (p *Policy) Rules() int { return len(p.rules) }
