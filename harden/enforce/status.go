package enforce

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
)

// A Status is what is enforced, by control.
type Status struct {
	Controls []ControlStatus `json:"items"`
}

// A ControlStatus is what is installed of one control.
type ControlStatus struct {
	Control string `json:"control"`
	Policy  string `json:"policy"`
	// Problems are why the policy does not do what it should, a sentence each: it is missing, or of another version.
	Problems []string `json:"problems"`
	// Drift is how the policy differs from the catalogue's.
	Drift    []Difference    `json:"drift"`
	Bindings []BindingStatus `json:"bindings"`

	control control.Control
	policy  map[string]any
	live    []map[string]any
}

// A BindingStatus is one binding.
type BindingStatus struct {
	Name string `json:"name"`
	// Stage is what it was installed as, "" when somebody else wrote it; Actions are what it does now.
	Stage   Stage    `json:"stage"`
	Actions []string `json:"actions"`
	Scope   *Scope   `json:"scope,omitempty"`
	// Since is when it was made.
	Since      string       `json:"since,omitempty"`
	Exceptions []GrantState `json:"exceptions"`
	Problems   []string     `json:"problems"`
	Drift      []Difference `json:"drift"`
}

// A GrantState is an installed exception, and whether it has expired: bindings know no expiry.
type GrantState struct {
	Grant
	Expired bool `json:"expired"`
}

// Clean says whether everything is as it was installed and no exception has expired.
func (s *Status) Clean() bool {
	return !slices.ContainsFunc(s.Controls, func(c ControlStatus) bool {
		return len(c.Problems)+len(c.Drift) > 0 || slices.ContainsFunc(c.Bindings, func(b BindingStatus) bool {
			return len(b.Problems)+len(b.Drift) > 0 || slices.ContainsFunc(b.Exceptions, func(g GrantState) bool { return g.Expired })
		})
	})
}

// ReadStatus finds what is installed among the objects of a cluster, or of files: policies of the catalogue and what
// binds them. paramsThere says whether a ConfigMap is there, and whether that is known; nil when nothing is known.
func ReadStatus(objects []map[string]any, catalogue []control.Control, paramsThere func(namespace, name string) (there, known bool), now time.Time) *Status {
	s := &Status{Controls: []ControlStatus{}}
	for _, c := range catalogue {
		if c.Policy == nil {
			continue
		}
		one := ControlStatus{Control: c.ID, Policy: c.Policy.Source.Name, control: c, Problems: []string{}, Drift: []Difference{}, Bindings: []BindingStatus{}}
		for _, o := range objects {
			switch {
			case isPolicy(o) && RefOf(o).Name == one.Policy:
				one.policy = o
			case isBinding(o) && inventory.String(o, "spec", "policyName") == one.Policy:
				one.live = append(one.live, o)
			}
		}
		if one.policy == nil && one.live == nil {
			continue
		}
		one.judgePolicy()
		one.judgeBindings(paramsThere, now)
		s.Controls = append(s.Controls, one)
	}
	return s
}

func (c *ControlStatus) judgePolicy() {
	text := control.PolicyText(c.Control)
	var want map[string]any
	if err := yaml.Unmarshal(text, &want); err != nil {
		c.Problems = append(c.Problems, "the catalogue's own policy cannot be read")
		return
	}
	switch {
	case c.policy == nil:
		c.Problems = append(c.Problems, "the policy is not there: its bindings do nothing")
		return
	case len(c.live) == 0:
		c.Problems = append(c.Problems, "nothing binds the policy: it does nothing")
	}
	for _, b := range c.live {
		if d := note(b, digestNote); d != "" && d != digest(text) {
			c.Problems = append(c.Problems, "another version of Plimsoll installed it: install it again to renew it")
			break
		}
	}
	c.Drift = append(c.Drift, drift(want, c.policy)...)
}

// judgeBindings holds each stage's bindings against those that its record asks for.
func (c *ControlStatus) judgeBindings(paramsThere func(string, string) (bool, bool), now time.Time) {
	wanted := map[string]map[string]any{}
	for _, b := range c.live {
		if r, ok := c.recordOf(b); ok {
			objects, err := r.again()
			if err != nil {
				continue // said of each of its bindings below
			}
			for _, o := range objects {
				wanted[RefOf(o).Name] = o
			}
		}
	}
	for _, b := range c.live {
		c.Bindings = append(c.Bindings, c.judgeBinding(b, wanted, paramsThere, now))
		delete(wanted, RefOf(b).Name)
	}
	for name := range wanted {
		c.Problems = append(c.Problems, fmt.Sprintf("the binding %s is not there", name))
	}
	slices.Sort(c.Problems)
	slices.SortFunc(c.Bindings, func(a, b BindingStatus) int { return strings.Compare(a.Name, b.Name) })
}

func (c *ControlStatus) judgeBinding(b map[string]any, wanted map[string]map[string]any, paramsThere func(string, string) (bool, bool), now time.Time) BindingStatus {
	out := BindingStatus{
		Name: RefOf(b).Name, Actions: actionsOf(b), Since: inventory.String(b, "metadata", "creationTimestamp"),
		Exceptions: []GrantState{}, Problems: []string{}, Drift: []Difference{},
	}
	if inventory.String(b, "metadata", "labels", ManagedBy) != Owner {
		out.Problems = append(out.Problems, "Plimsoll did not write this binding")
		return out
	}
	out.Stage, out.Scope = stageOf(b), scopeOf(b)
	grants, err := grantsOf(b)
	if err != nil || out.Scope == nil {
		out.Problems = append(out.Problems, "its record of what was installed cannot be read")
	}
	for _, g := range grants {
		day, err := time.Parse(time.DateOnly, g.Expires)
		out.Exceptions = append(out.Exceptions, GrantState{g, err != nil || expired(day, now)})
	}
	switch want, ok := wanted[out.Name]; {
	case ok:
		out.Drift = append(out.Drift, drift(want, b)...)
	case len(out.Problems) == 0:
		out.Problems = append(out.Problems, "nothing asks for it any more: install the control again")
	}
	if name := inventory.String(b, "spec", "paramRef", "name"); name != "" && paramsThere != nil {
		namespace := inventory.String(b, "spec", "paramRef", "namespace")
		if there, known := paramsThere(namespace, name); known && !there {
			out.Problems = append(out.Problems, fmt.Sprintf("its parameters, ConfigMap %s/%s, are not there: it refuses nothing", namespace, name))
		}
	}
	return out
}

func actionsOf(b map[string]any) []string {
	out := []string{}
	for _, a := range inventory.List(b, "spec", "validationActions") {
		if text, ok := a.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// recordOf reads what a binding remembers; ok is false when it is not ours, or its record is broken.
func (c *ControlStatus) recordOf(b map[string]any) (r record, ok bool) {
	if inventory.String(b, "metadata", "labels", ManagedBy) != Owner || inventory.String(b, "kind") != admission.ValidatingBindingKind {
		return r, false
	}
	scope := scopeOf(b)
	grants, err := grantsOf(b)
	stage, stageErr := ParseStage(string(stageOf(b)))
	if scope == nil || err != nil || stageErr != nil {
		return r, false
	}
	return record{control: c.control, stage: stage, scope: *scope, grants: grants, digest: note(b, digestNote), params: note(b, paramsNote)}, true
}

// again makes the bindings of a record again.
func (r record) again() ([]map[string]any, error) {
	var exemptions []exemption
	for _, g := range r.grants {
		e, concerned, refusal := exempt(g, r.control, control.Settings{})
		if refusal != nil {
			return nil, fmt.Errorf("exception %s: %s", g.Name, refusal.why)
		}
		if concerned {
			exemptions = append(exemptions, e)
		}
	}
	return r.bindings(exemptions)
}
