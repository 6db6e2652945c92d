package attack

import "github.com/plimsoll-io/plimsoll/finding"

var attach = Technique{
	ID: "attach", Title: "Type into the main process of a container", MITRE: "T1609",
	What: "The attach subresource connects to the main process of a container. It starts nothing: what can be done depends on that process. " +
		"A container with stdin and tty is made for typing, its process is a shell, an interpreter or a debugger as a rule, and who " +
		"types there runs code in the pod. Without stdin, attach only shows what the process prints, and gives no step here; nor does " +
		"stdinOnce, which closes stdin when the first client leaves. The verbs are those of exec: create, and get alone for websockets " +
		"until 1.34.",
	Needs: "create pods/attach (or get before 1.35), and a pod with a container that has stdin and tty, not stdinOnce, and stays.",
	Proof: "The binding, the rule, and the container with stdin. Check with: kubectl attach -it POD -c CONTAINER -n NAMESPACE --as SUBJECT",
	Cut:   "Do not leave containers with an open terminal in a cluster; drop the rule.",
	find: func(b *builder) {
		terminals := b.containersWith(func(_ *workload, c container) (finding.Path, string) {
			stdin, _ := c.spec["stdin"].(bool)
			tty, _ := c.spec["tty"].(bool)
			once, _ := c.spec["stdinOnce"].(bool)
			if !stdin || !tty || once {
				return "", ""
			}
			return "stdin", "the container reads from a terminal that stays open"
		})
		b.addEntries(b.streams("attach"), terminals)
	},
}

// An entry is a container that lets in who can talk to it.
type entry struct {
	workload *workload
	at       finding.Path // in the object
	note     string
}

// containersWith are the containers that stay and for which look returns a path, by namespace; one for each workload.
func (b *builder) containersWith(look func(*workload, container) (at finding.Path, note string)) map[string][]entry {
	out := map[string][]entry{}
	for i := range b.workloads {
		w := &b.workloads[i]
		for _, c := range containersOf(w.spec) {
			if !c.stays() {
				continue
			}
			if at, note := look(w, c); at != "" {
				out[w.object.Namespace] = append(out[w.object.Namespace], entry{w, below(w.at, below(c.at(), at)), note})
				break
			}
		}
	}
	return out
}

// addEntries adds steps into the pods with an entry where the right's holders may use it.
func (b *builder) addEntries(r right, entries map[string][]entry) {
	if len(entries) == 0 {
		return
	}
	for _, h := range b.holders(r) {
		if h.namespace == "" && grantsEverything(h.grants[0].Of()) {
			continue // may enter every pod anyway
		}
		for _, ns := range b.namespacesOf(h) {
			for _, e := range entries[ns] {
				if h.names == nil || b.isNamed(e.workload, h.names) {
					b.add(subject(h), e.workload.object.Ref, proof{grants: h.grants, object: e.workload.object, path: e.at, note: e.note})
				}
			}
		}
	}
}

// isNamed says that a pod of the workload has one of the names.
func (b *builder) isNamed(w *workload, names []string) bool {
	for _, name := range names {
		for _, named := range b.podNamed(w.object.Namespace, name) {
			if named == w {
				return true
			}
		}
	}
	return false
}
