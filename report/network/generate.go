package network

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A PolicyPlan answers which policies a cluster should have.
type PolicyPlan struct {
	Header
	// Namespaces are those that the plan is for.
	Namespaces []string `json:"namespaces"`
	// Flows were seen from First to Last; none when all needs are declared.
	Flows int64             `json:"flows"`
	First *time.Time        `json:"first,omitempty"`
	Last  *time.Time        `json:"last,omitempty"`
	Items []GeneratedPolicy `json:"items"`
	// Obsolete are policies to delete.
	Obsolete []PolicyName    `json:"obsolete"`
	Opened   int             `json:"opened"`
	Unopened []UnopenedNeed  `json:"unopened"`
	Notes    []generate.Note `json:"notes"`
	// Unresolved is how many connections could not be found again, CannotKnow what the source cannot have seen.
	Unresolved int      `json:"unresolved"`
	CannotKnow []string `json:"cannotKnow"`
}

// A GeneratedPolicy is one policy of a plan.
type GeneratedPolicy struct {
	PolicyName
	// For says whose pods it selects.
	For      string         `json:"for"`
	Comments []string       `json:"comments"`
	Rules    []RuleEvidence `json:"rules"`
	Object   map[string]any `json:"object"`
}

// A PolicyName names a policy.
type PolicyName struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// A RuleEvidence is why a rule is there.
type RuleEvidence struct {
	Opens   string       `json:"opens"`
	Because []RuleReason `json:"because"`
}

// A RuleReason is one reason.
type RuleReason struct {
	End      string     `json:"end"`
	Names    []string   `json:"names,omitempty"`
	Flows    int64      `json:"flows,omitempty"`
	First    *time.Time `json:"first,omitempty"`
	Last     *time.Time `json:"last,omitempty"`
	What     []string   `json:"what,omitempty"`
	Declared []string   `json:"declared,omitempty"`
	// MoreDeclared counts further places that declare it.
	MoreDeclared int    `json:"moreDeclared,omitempty"`
	Note         string `json:"note,omitempty"`
}

// An UnopenedNeed is a connection that is needed and that the plan does not allow.
type UnopenedNeed struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port,omitempty"`
	Reason   string `json:"reason"`
}

// Generated is the answer to which policies a cluster should have. As YAML it is the policies, ready to apply. Results are
// sentences about the plan as a whole: what a rehearsal said.
func Generated(h Header, needs *need.Needs, p *generate.Plan, results ...string) *answer.Document {
	body := planBody(h, needs, p)
	table := answer.Table{
		Title: "Network policies to apply", Columns: []string{"namespace", "policy", "opens", "evidence"},
		Empty: "There is nothing to write: no connection of a namespace that policies are for was found.",
		Long:  func(yield func([]string) bool) { planRows(p, yield) },
	}
	doc := document(h, body, table)
	doc.Items = func(yield func(any) bool) {
		for _, policy := range p.Policies {
			if !yield(planItem(policy)) {
				return
			}
		}
	}
	doc.Notes = append(slices.Clone(results), planNotes(p)...)
	if p.Unseen > 0 {
		doc.Notes = append(doc.Notes, fmt.Sprintf(
			"declared and not seen: %d ends of rules have no flow in the logs (--declared=false leaves them out)", p.Unseen))
	}
	doc.Notes = append(doc.Notes, obsoleteNotes(p.Obsolete)...)
	doc.Notes = append(doc.Notes, unresolvedNotes(needs)...)
	if n := len(needs.Denied); n > 0 {
		doc.Notes = append(doc.Notes, numbered(int64(n), "connection")+" had been denied when seen, so that no policy opens "+
			map[bool]string{true: "it", false: "them"}[n == 1])
	}
	doc.Unseen, doc.Limits = needs.CannotKnow, "What was seen may not be all that is needed"
	doc.Manifest = func(w io.Writer) error { return WritePolicies(w, planHead(h, doc), p.Policies) }
	return doc
}

// mostUnresolved is how many connections without an end are named.
const mostUnresolved = 5

// unresolvedNotes name the connections of which an end was not found: those of most flows first.
func unresolvedNotes(needs *need.Needs) []string {
	list := slices.DeleteFunc(slices.Clone(needs.Unresolved), func(u need.Unresolved) bool { return u.Gone })
	slices.SortStableFunc(list, func(a, b need.Unresolved) int { return cmp.Compare(b.Flows, a.Flows) })
	var out []string
	for _, u := range list[:min(len(list), mostUnresolved)] {
		text := "not found: " + u.From + " to " + u.To
		if u.Port > 0 {
			text += fmt.Sprintf(" on %s %d", u.Protocol, u.Port)
		}
		if u.Flows > 0 {
			text += " (" + numbered(u.Flows, "flow") + ")"
		}
		out = append(out, text+": "+u.Reason)
	}
	if more := len(list) - len(out); more > 0 {
		out = append(out, "not found: "+numbered(int64(more), "more connection"))
	}
	return out
}

// planHead is what comes before the policies of a manifest. It tells no time: the same input gives the same manifest.
func planHead(h Header, doc *answer.Document) []string {
	head := []string{"NetworkPolicies by plimsoll netpol generate, from " + strings.Join(h.Inventory.Source.Names, ", ") + "."}
	for _, note := range doc.AllNotes(true) {
		head = append(head, "- "+note)
	}
	for _, u := range doc.Unseen {
		head = append(head, "- cannot be known: "+u)
	}
	return head
}

func denies(p *generate.Policy) string {
	var words []string
	for _, d := range p.Directions {
		words = append(words, d.String())
	}
	return strings.Join(words, " and ")
}

// obsoleteNotes say what to delete: that is nothing that applying manifests does.
func obsoleteNotes(list []*inventory.Object) []string {
	var out []string
	for i := 0; i < len(list); {
		j, names := i, []string(nil)
		for ; j < len(list) && list[j].Namespace == list[i].Namespace; j++ {
			names = append(names, shellWord(list[j].Name))
		}
		out = append(out, fmt.Sprintf("replaced: kubectl delete networkpolicy -n %s %s", shellWord(list[i].Namespace), strings.Join(names, " ")))
		i = j
	}
	return out
}

// shellWord is a name as people may paste it into a shell: what no object of a cluster can be called stands in quotes.
func shellWord(name string) string {
	if len(validation.IsDNS1123Subdomain(name)) == 0 {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\\''`) + "'"
}

func planBody(h Header, needs *need.Needs, p *generate.Plan) PolicyPlan {
	body := PolicyPlan{
		Header: h, Namespaces: append([]string{}, p.Namespaces...), Flows: p.Flows, First: moment(needs.First), Last: moment(needs.Last),
		Items: []GeneratedPolicy{}, Obsolete: []PolicyName{}, Opened: p.Opened, Unopened: []UnopenedNeed{},
		Notes: append([]generate.Note{}, p.Notes...), Unresolved: len(needs.Unresolved), CannotKnow: append([]string{}, needs.CannotKnow...),
	}
	for _, o := range p.Obsolete {
		body.Obsolete = append(body.Obsolete, PolicyName{o.Namespace, o.Name})
	}
	for _, u := range p.Unopened {
		body.Unopened = append(body.Unopened, UnopenedNeed{
			From: u.Need.From.String(), To: u.Need.To.String(), Protocol: u.Need.Protocol.String(), Port: u.Need.Port, Reason: u.Reason,
		})
	}
	return body
}

func planItem(policy *generate.Policy) GeneratedPolicy {
	one := GeneratedPolicy{
		PolicyName: PolicyName{policy.Namespace, policy.Name}, For: policy.For, Comments: append([]string{}, policy.Comments...),
		Rules: []RuleEvidence{}, Object: policy.Object(),
	}
	for i := range policy.Rules {
		one.Rules = append(one.Rules, ruleEvidence(policy.Directions[0], &policy.Rules[i]))
	}
	return one
}

// planRows are a row for each rule.
func planRows(p *generate.Plan, yield func([]string) bool) {
	for _, policy := range p.Policies {
		if len(policy.Rules) == 0 &&
			!yield([]string{policy.Namespace, policy.Name, "denies " + denies(policy) + " but for what other policies allow", ""}) {
			return
		}
		for i := range policy.Rules {
			r := &policy.Rules[i]
			var why []string
			for j := range r.Reasons {
				if text := evidence(&r.Reasons[j], false); text != "" && !slices.Contains(why, text) {
					why = append(why, text)
				}
			}
			if !yield([]string{policy.Namespace, policy.Name, opens(policy.Directions[0], r), someOf(why)}) {
				return
			}
		}
	}
}

func ruleEvidence(d network.Direction, r *generate.Rule) RuleEvidence {
	out := RuleEvidence{Opens: opens(d, r), Because: []RuleReason{}}
	for i := range r.Reasons {
		reason := &r.Reasons[i]
		one := RuleReason{
			End: reason.End, Names: reason.Names, Flows: reason.Flows, First: moment(reason.First), Last: moment(reason.Last),
			What: reason.What, MoreDeclared: reason.MoreDeclared, Note: reason.Note,
		}
		for _, e := range reason.Declared {
			one.Declared = append(one.Declared, declaration(e, true))
		}
		out.Because = append(out.Because, one)
	}
	return out
}

// moment is a time that may not be known.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Rehearsed says what became of the needs of a plan when they were replayed against it: a line that sums up, and one for
// each of the first needs that are denied although the plan opens them, as policies that stay may do.
func Rehearsed(r *rehearse.Rehearsal, p *generate.Plan) []string {
	known := map[string]bool{}
	for _, u := range p.Unopened {
		known[needKey(&u.Need)] = true
	}
	flows, denied, needs := r.KeptFlows, int64(0), r.Kept+len(r.Breaks)+len(r.Unknown)
	var others []string
	for i := range r.Breaks {
		n := &r.Breaks[i].Need
		denied += rehearse.Flows(*n)
		if !known[needKey(n)] {
			others = append(others, fmt.Sprintf("denied: %s to %s on %s %d: %s", n.From, n.To, n.Protocol, n.Port, r.Breaks[i].Reason))
		}
	}
	flows += denied
	for i := range r.Unknown {
		flows += rehearse.Flows(r.Unknown[i].Need)
	}
	text := "replaying " + numbered(int64(needs), "declared connection") + ": " + strconv.Itoa(len(r.Breaks)) + " denied"
	if flows > 0 {
		text = fmt.Sprintf("replaying %s of %s: %d denied", numbered(flows, "flow"), numbered(int64(needs), "connection"), denied)
		if len(r.Breaks) > 0 {
			text += " (" + numbered(int64(len(r.Breaks)), "connection") + ")"
		}
	}
	if len(r.Breaks) > len(others) {
		text += ", as they cannot be opened"
	}
	if n := len(r.Unknown); n > 0 {
		text += fmt.Sprintf("; %d cannot be judged", n)
	}
	out := append([]string{text}, others[:min(len(others), mostUnresolved)]...)
	if more := len(others) - mostUnresolved; more > 0 {
		out = append(out, "denied: "+numbered(int64(more), "more connection"))
	}
	return out
}

// needKey tells needs apart.
func needKey(n *need.Need) string {
	return fmt.Sprint(n.From.Key(), "|", n.To.Key(), "|", n.Protocol, n.Port)
}
