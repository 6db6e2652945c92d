package control

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
)

// An Escalation is how a credential that a workload's pods hold leads further.
type Escalation struct {
	// Account is whose token the pods hold.
	Account rbac.Subject
	// Goal is where it leads: one of attack.Goals, the worst that can be reached. The zero Ref when it leads nowhere.
	Goal finding.Ref
	// Because proves each step in order, with the technique's id as Fact. A step may need several proofs.
	Because []finding.Reason
	// Steps is how many there are, the use of the token being the first.
	Steps int
}

// Leads says that the token leads to a goal.
func (e Escalation) Leads() bool { return e.Goal != finding.Ref{} }

// ToAdmin says that the token leads to every right in the cluster.
func (e Escalation) ToAdmin() bool {
	return e.Goal == attack.ClusterAdmin || e.Goal == attack.SystemMasters
}

// String is the escalation in a sentence: "the token of ServiceAccount shop/cart leads to cluster-admin in 3 steps".
func (e Escalation) String() string {
	return fmt.Sprintf("the token of %s leads to %s in %d steps", e.Account, attack.Describe(e.Goal), e.Steps)
}

// Escalation is the shortest way from a token that the workload's pods hold to the worst goal that one leads to. ok is
// false when they hold none. Ways out of the container are left out: what a pod may do on its node is another matter.
func (f *Facts) Escalation(w Workload) (e Escalation, ok bool) {
	e, ok = f.escalations()[w.Object.Ref]
	return e, ok
}

func (f *Facts) findEscalations() map[finding.Ref]Escalation {
	workloads := f.Workloads()
	out := make(map[finding.Ref]Escalation, len(workloads))
	if len(workloads) == 0 {
		return out
	}
	s := newEscalations(f)
	for _, w := range workloads {
		for _, c := range s.credentials(w) {
			e := s.of(c, w.Object.Namespace)
			if best, known := out[w.Object.Ref]; !known || e.worse(best) {
				out[w.Object.Ref] = e
			}
		}
	}
	return out
}

// worse says whether e is to be told rather than another escalation of the same workload.
func (e Escalation) worse(o Escalation) bool {
	if e.ToAdmin() != o.ToAdmin() || e.Leads() != o.Leads() {
		return e.ToAdmin() || e.Leads() && !o.Leads()
	}
	return e.Leads() && e.Steps < o.Steps
}

// escalations searches the attack graph. Ways are kept by account: many workloads share one.
type escalations struct {
	facts *Facts
	graph *attack.Graph
	trees []*attack.Tree
	ways  map[finding.Ref]way
}

// A way is a path from an account to a goal.
type way struct {
	goal  finding.Ref
	steps []attack.Step
}

func newEscalations(f *Facts) *escalations {
	s := &escalations{facts: f, graph: f.Attacks(), ways: map[finding.Ref]way{}}
	for _, goal := range []finding.Ref{attack.ClusterAdmin, attack.SystemMasters, attack.NodeRoot, attack.KubeSystemSecrets} {
		s.trees = append(s.trees, s.graph.Towards(goal, false))
	}
	return s
}

// A credential is a token that a workload's pods hold, and the steps by which code in them comes to it.
type credential struct {
	account finding.Ref
	steps   []attack.Step
}

// credentials are the tokens of a workload: that of its own service account, and those of others in Secrets that it gets.
func (s *escalations) credentials(w Workload) []credential {
	if !s.graph.Has(w.Object.Ref) {
		return s.embedded(w)
	}
	var out []credential
	for _, step := range s.graph.StepsFrom(w.Object.Ref) {
		switch step.Technique.ID {
		case "mounted-token":
			out = append(out, credential{step.To, []attack.Step{step}})
		case "mounted-secret":
			for _, use := range s.graph.StepsFrom(step.To) {
				if use.Technique.ID == "token-secret" {
					out = append(out, credential{use.To, []attack.Step{step, use}})
				}
			}
		}
	}
	return out
}

// embedded are the tokens of a custom resource that makes pods, which the graph knows nothing about.
func (s *escalations) embedded(w Workload) []credential {
	name, _ := w.ServiceAccount()
	var accounts []*inventory.Object
	if o := s.facts.Get("", "ServiceAccount", w.Object.Namespace, name); o != nil {
		accounts = append(accounts, o)
	}
	mounted, because := inventory.MountsToken(w.Template, name, accounts)
	if at, ok := inventory.TokenVolume(w.Template); ok && !mounted {
		mounted, because = true, proves("token-volume", "a volume holds a token ("+w.At+"."+string(at)+")", nil)
	}
	account := rbac.Account(w.Object.Namespace, name).Ref()
	if !mounted {
		return nil
	}
	for _, t := range attack.Techniques() {
		if t.ID == "mounted-token" {
			step := attack.Step{Technique: &t, From: w.Object.Ref, To: account, Because: []finding.Reason{because}}
			return []credential{{account, []attack.Step{step}}}
		}
	}
	return nil
}

// of is where a credential leads. Who runs in kube-system has its Secrets at hand, so that these are no goal for him.
func (s *escalations) of(c credential, namespace string) Escalation {
	e := Escalation{Account: rbac.Account(c.account.Namespace, c.account.Name)}
	w := s.way(c.account)
	if w.goal == (finding.Ref{}) || w.goal == attack.KubeSystemSecrets && namespace == "kube-system" {
		return e
	}
	e.Goal, e.Steps = w.goal, len(c.steps)+len(w.steps)
	number := 0
	for _, steps := range [][]attack.Step{c.steps, w.steps} {
		for _, step := range steps {
			number++
			e.Because = append(e.Because, reasons(number, step)...)
		}
	}
	return e
}

// way is the shortest way of an account to the worst goal: to every right, whatever its name, else to a node, else to
// the Secrets of kube-system.
func (s *escalations) way(account finding.Ref) way {
	if w, known := s.ways[account]; known {
		return w
	}
	var tree *attack.Tree
	best := 0
	for i, t := range s.trees {
		if tree != nil && i > 1 {
			break // a worse goal is reached
		}
		if steps, ok := t.Steps(account); ok && (tree == nil || steps < best) {
			tree, best = t, steps
		}
	}
	var w way
	if tree != nil {
		path, _ := tree.Path(account)
		w = way{path.To, path.Steps}
	}
	s.ways[account] = w
	return w
}

// reasons is a step as evidence.
func reasons(number int, step attack.Step) []finding.Reason {
	what := fmt.Sprintf("step %d: %s, for %s", number, step.Technique.Title, attack.Describe(step.To))
	if len(step.Because) == 0 {
		return []finding.Reason{proves(step.Technique.ID, what, nil)}
	}
	out := make([]finding.Reason, 0, len(step.Because))
	for _, b := range step.Because {
		out = append(out, finding.Reason{
			Effect: "proves", Fact: step.Technique.ID, Message: what + "; " + b.Message, Object: b.Object,
		})
	}
	return out
}
