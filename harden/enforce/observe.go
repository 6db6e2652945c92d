package enforce

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
)

// failureAnnotation is what an API server writes when a binding with the action Audit finds a validation false.
const failureAnnotation = "validation.policy.admission.k8s.io/validation_failure"

// violationsSuffix ends the key of the annotation that every policy of the catalogue writes itself.
const violationsSuffix = "/violations"

// The codes with which an API server answers what a policy denies.
const (
	forbidden     = 403
	unprocessable = 422
)

// mostObjects bounds how many objects are told apart for one policy.
const mostObjects = 10000

// An Observation is what one policy did in one namespace, by the audit log.
type Observation struct {
	Policy    string `json:"policy"`
	Namespace string `json:"namespace"` // "" for cluster-scoped objects
	// Denied, Warned and Audited count requests. A request counts once, as the strongest of what happened to it.
	Denied  int              `json:"denied"`
	Warned  int              `json:"warned"`
	Audited int              `json:"audited"`
	First   time.Time        `json:"first,omitzero"`
	Last    time.Time        `json:"last,omitzero"`
	Objects []ObservedObject `json:"objects"` // the most frequent first
	// MoreObjects says that there were too many to tell them all apart.
	MoreObjects bool `json:"moreObjects,omitempty"`
}

// Count is how many requests violated the policy.
func (o *Observation) Count() int { return o.Denied + o.Warned + o.Audited }

// An ObservedObject is an object that requests were about.
type ObservedObject struct {
	Resource string    `json:"resource"` // "deployments.apps"
	Name     string    `json:"name"`     // "" when the log does not know it, as of pods that a controller makes
	Count    int       `json:"count"`
	Last     time.Time `json:"last,omitzero"`
	User     string    `json:"user"` // of the last request
}

// An Observer counts what policies of the catalogue did. Give NewConsumer to auditlog.Read, and ask for Observations
// when that has ended.
type Observer struct {
	// Since leaves out earlier events; events without a time always count.
	Since time.Time

	mu    sync.Mutex
	parts []*observerPart
}

type observedKey struct{ policy, namespace string }

type objectKey struct{ resource, name string }

type observed struct {
	Observation
	objects map[objectKey]*ObservedObject
}

type observerPart struct {
	since time.Time
	seen  map[observedKey]*observed
}

// NewConsumer makes the consumer of one worker.
func (o *Observer) NewConsumer() auditlog.Consumer {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := &observerPart{since: o.Since, seen: map[observedKey]*observed{}}
	o.parts = append(o.parts, p)
	return p
}

// Consume counts one event.
func (p *observerPart) Consume(e *auditlog.Event) {
	if !e.Final() || !e.Time.IsZero() && e.Time.Before(p.since) {
		return
	}
	for policy, action := range violated(e) {
		p.count(policy, action, e)
	}
}

// violated are the policies of the catalogue that an event says were violated, and what happened. Until Kubernetes 1.36
// the API server names only the first policy that denies; the policies' own annotations are all there.
func violated(e *auditlog.Event) map[string]Stage {
	var out map[string]Stage
	note := func(policy string, s Stage) {
		if out == nil {
			out = map[string]Stage{}
		}
		if have, ok := out[policy]; !ok || have.Before(s) {
			out[policy] = s
		}
	}
	var unlisted []string
	listed := map[string]bool{}
	for _, a := range e.Annotations {
		policy, ok := strings.CutSuffix(a.Key, violationsSuffix)
		if ok && strings.HasPrefix(policy, policyPrefix) && a.Value != "" {
			note(policy, Audit)
			unlisted = append(unlisted, policy)
		}
		if a.Key != failureAnnotation {
			continue
		}
		var failures []struct {
			Policy            string   `json:"policy"`
			ValidationActions []string `json:"validationActions"`
		}
		if json.Unmarshal([]byte(a.Value), &failures) != nil {
			continue
		}
		for _, f := range failures {
			if strings.HasPrefix(f.Policy, policyPrefix) {
				note(f.Policy, strongest(f.ValidationActions))
				listed[f.Policy] = true
			}
		}
	}
	if e.Code == forbidden || e.Code == unprocessable {
		for _, policy := range unlisted {
			if !listed[policy] {
				note(policy, Deny)
			}
		}
	}
	return out
}

func strongest(actions []string) Stage {
	switch {
	case slices.Contains(actions, "Deny"):
		return Deny
	case slices.Contains(actions, "Warn"):
		return Warn
	}
	return Audit
}

func (p *observerPart) count(policy string, action Stage, e *auditlog.Event) {
	key := observedKey{policy, e.Object.Namespace}
	o := p.seen[key]
	if o == nil {
		o = &observed{Observation: Observation{Policy: policy, Namespace: e.Object.Namespace}, objects: map[objectKey]*ObservedObject{}}
		p.seen[key] = o
	}
	switch action {
	case Deny:
		o.Denied++
	case Warn:
		o.Warned++
	default:
		o.Audited++
	}
	o.widen(e.Time, e.Time)
	resource := e.Object.Resource
	if e.Object.APIGroup != "" {
		resource += "." + e.Object.APIGroup
	}
	o.object(ObservedObject{Resource: resource, Name: e.Object.Name, Count: 1, Last: e.Time, User: e.Actor().Name})
}

func (o *observed) widen(first, last time.Time) {
	if !first.IsZero() && (o.First.IsZero() || first.Before(o.First)) {
		o.First = first
	}
	if last.After(o.Last) {
		o.Last = last
	}
}

func (o *observed) object(one ObservedObject) {
	key := objectKey{one.Resource, one.Name}
	have := o.objects[key]
	if have == nil {
		if len(o.objects) >= mostObjects {
			o.MoreObjects = true
			return
		}
		o.objects[key] = &one
		return
	}
	have.Count += one.Count
	if one.Last.After(have.Last) {
		have.Last, have.User = one.Last, one.User
	}
}

// Observations are what was counted, by policy and namespace.
func (o *Observer) Observations() []Observation {
	all := map[observedKey]*observed{}
	for _, p := range o.parts {
		for key, part := range p.seen {
			whole := all[key]
			if whole == nil {
				all[key] = part
				continue
			}
			whole.Denied += part.Denied
			whole.Warned += part.Warned
			whole.Audited += part.Audited
			whole.widen(part.First, part.Last)
			whole.MoreObjects = whole.MoreObjects || part.MoreObjects
			for _, one := range part.objects {
				whole.object(*one)
			}
		}
	}
	o.parts = nil
	out := make([]Observation, 0, len(all))
	for _, whole := range all {
		for _, one := range whole.objects {
			whole.Objects = append(whole.Objects, *one)
		}
		slices.SortFunc(whole.Objects, func(a, b ObservedObject) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Name, b.Name))
		})
		out = append(out, whole.Observation)
	}
	slices.SortFunc(out, func(a, b Observation) int {
		return cmp.Or(cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Namespace, b.Namespace))
	})
	return slices.Clip(out)
}

// Policies are the names of the policies in observations.
func Policies(observations []Observation) []string {
	names := map[string]bool{}
	for _, o := range observations {
		names[o.Policy] = true
	}
	return slices.Sorted(maps.Keys(names))
}
