package generate

import (
	"maps"
	"slices"
	"strings"
)

// A Selector selects pods by labels. The zero Selector selects all pods of a namespace.
type Selector struct {
	// Labels have to be there with these values.
	Labels map[string]string
	// Absent are labels that must not be there, sorted. They only select what has no labels of its own.
	Absent []string
}

// Matches says whether pods with certain labels are selected.
func (s Selector) Matches(labels map[string]string) bool {
	for _, k := range s.Absent {
		if _, has := labels[k]; has {
			return false
		}
	}
	return contains(labels, s.Labels)
}

// All says that all pods are selected.
func (s Selector) All() bool { return len(s.Labels)+len(s.Absent) == 0 }

// String is the selector as kubectl takes it: "app=cart,tier=backend", "!app"; "" for all pods.
func (s Selector) String() string {
	var parts []string
	for _, k := range sortedKeys(s.Labels) {
		parts = append(parts, k+"="+s.Labels[k])
	}
	for _, k := range s.Absent {
		parts = append(parts, "!"+k)
	}
	return strings.Join(parts, ",")
}

// A kin is the workloads of a namespace that no selector can tell apart because their labels are the same.
type kin struct {
	variants []map[string]string
	common   map[string]string
	own      map[string]string
	members  []*workload
}

func (k *kin) selectedBy(s Selector) bool { return slices.ContainsFunc(k.variants, s.Matches) }

// A village is the kins of a namespace, by the labels that they have.
type village struct {
	kins []*kin
	with map[[2]string][]*kin
}

// settle makes the village of the workloads of a namespace. Those on the network of their nodes are in no selector's reach.
func settle(workloads []*workload) *village {
	v := &village{with: map[[2]string][]*kin{}}
	known := map[string]*kin{}
	for _, w := range workloads {
		if w.hosts() {
			continue
		}
		texts := make([]string, len(w.variants))
		for i, labels := range w.variants {
			texts[i] = labelText(labels)
		}
		slices.Sort(texts)
		key := strings.Join(texts, "|") + "||" + labelText(w.own)
		k := known[key]
		if k == nil {
			k = &kin{variants: w.variants, common: common(w.variants), own: w.own}
			known[key] = k
			v.add(k)
		}
		k.members = append(k.members, w)
	}
	return v
}

func (v *village) add(k *kin) {
	v.kins = append(v.kins, k)
	for _, labels := range k.variants {
		for key, value := range labels {
			at := [2]string{key, value}
			if list := v.with[at]; len(list) == 0 || list[len(list)-1] != k {
				v.with[at] = append(list, k)
			}
		}
	}
}

// candidates are kins of which a selector may select some.
func (v *village) candidates(s Selector) []*kin {
	out := v.kins
	for key, value := range s.Labels {
		if with := v.with[[2]string{key, value}]; len(with) < len(out) {
			out = with
		}
	}
	return out
}

// selected are the kins that a selector selects.
func (v *village) selected(s Selector) []*kin {
	var out []*kin
	for _, k := range v.candidates(s) {
		if k.selectedBy(s) {
			out = append(out, k)
		}
	}
	return out
}

// within says whether a selector selects only kins of a list.
func (v *village) within(s Selector, list []*kin) bool {
	for _, k := range v.candidates(s) {
		if k.selectedBy(s) && !slices.Contains(list, k) {
			return false
		}
	}
	return true
}

// choose is the selector for a kin that a careful person would write: as few labels as select nothing more than all its
// labels do, those of the workload's own selector first. One that names the application always stays: another workload
// of tomorrow may well share all others.
func (v *village) choose(k *kin) Selector {
	usable := maps.Clone(k.common)
	maps.DeleteFunc(usable, func(key, value string) bool { return changing(key) && k.own[key] != value })
	if len(usable) == 0 {
		return v.unlabelled(k)
	}
	best := v.selected(Selector{Labels: usable})
	labels := maps.Clone(usable)
	maps.DeleteFunc(labels, func(key, value string) bool { return k.own[key] != value })
	if len(labels) == 0 || !v.within(Selector{Labels: labels}, best) {
		labels = usable
	}
	keys := sortedKeys(labels)
	for i := len(keys) - 1; i > 0 || i == 0 && len(labels) > 1 && !names(keys[0]); i-- {
		value := labels[keys[i]]
		delete(labels, keys[i])
		if !v.within(Selector{Labels: labels}, best) {
			labels[keys[i]] = value
		}
	}
	return Selector{Labels: labels}
}

// unlabelled selects a kin without labels by those that others have.
func (v *village) unlabelled(k *kin) Selector {
	var s Selector
	own := map[string]bool{}
	for _, w := range k.members {
		maps.Copy(own, w.keys)
	}
	rest := slices.DeleteFunc(slices.Clone(v.kins), func(other *kin) bool { return other == k })
	for len(rest) > 0 {
		counts := map[string]int{}
		for _, other := range rest {
			for key := range shared(other.variants) {
				if !own[key] {
					counts[key]++
				}
			}
		}
		best := ""
		for key, n := range counts {
			if best == "" || n > counts[best] || n == counts[best] && compareKeys(key, best) < 0 {
				best = key
			}
		}
		if best == "" {
			break // what is left has no labels either
		}
		s.Absent = append(s.Absent, best)
		rest = slices.DeleteFunc(rest, func(other *kin) bool { return shared(other.variants)[best] })
	}
	slices.Sort(s.Absent)
	return s
}

// shared are the keys that all maps have.
func shared(all []map[string]string) map[string]bool {
	out := map[string]bool{}
	if len(all) == 0 {
		return out
	}
	for key := range all[0] {
		if !slices.ContainsFunc(all, func(labels map[string]string) bool { _, has := labels[key]; return !has }) {
			out[key] = true
		}
	}
	return out
}
