package attack

import "github.com/plimsoll-io/plimsoll/finding"

// addPods adds steps into the pods that a holder may choose from: by name, or all of a set.
func (b *builder) addPods(h holder, p proof, kind string, fits func(*workload) bool) {
	b.addNamed(h, p, set(kind, h.namespace), func(namespace, name string) []finding.Ref {
		var out []finding.Ref
		for _, w := range b.podNamed(namespace, name) {
			if fits == nil || fits(w) {
				out = append(out, w.object.Ref)
			}
		}
		return out
	})
}

// streams is the right to a subresource of pods that is served to a POST, which is create, and to the GET of a websocket.
// Until 1.34 that GET needed get alone; since 1.35 the API server asks for create as well.
func (b *builder) streams(subresource string) right {
	verbs := []string{"create"}
	if !b.atLeast(35) {
		verbs = append(verbs, "get")
	}
	return right{verbs: verbs, resource: "pods/" + subresource, named: true}
}

// notStatic says that the API server can change the pods of a workload.
func notStatic(w *workload) bool { return !w.static() }
