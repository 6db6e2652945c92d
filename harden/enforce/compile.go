package enforce

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

// Compile says what a request comes to. inv, if there is one, shows whether workloads and their pods are alike to the
// exceptions; without it only what holds for all workloads is known. A control with a refused exception is not among
// the Bundles: without the exception it would refuse what people have accepted.
func Compile(req Request, inv *inventory.Inventory) (*Installation, error) {
	req.ParamsNamespace = cmp.Or(req.ParamsNamespace, DefaultParamsNamespace)
	inst := &Installation{Request: req}
	holding := inst.holding()
	if len(inst.Expired) > 0 {
		inst.Warnings = append(inst.Warnings, fmt.Sprintf("expired exceptions are not installed: %s", strings.Join(inst.Expired, ", ")))
	}
	for _, c := range req.Controls {
		if why := inst.cannot(c); why != "" {
			inst.LeftOut = append(inst.LeftOut, LeftOut{c.ID, why})
			continue
		}
		if err := inst.add(c, holding, inv); err != nil {
			return nil, err
		}
	}
	inst.warnOfLabels()
	inst.warnOfGaps(inv)
	return inst, nil
}

// holding are the exceptions that have not expired.
func (inst *Installation) holding() []finding.Exception {
	var out []finding.Exception
	for _, x := range inst.Request.Exceptions {
		if expired(x.Expires, inst.Request.Now) {
			inst.Expired = append(inst.Expired, x.Name)
			continue
		}
		out = append(out, x)
	}
	return out
}

// expired is the rule of scans: an exception holds until the end of its day, in UTC.
func expired(expires, now time.Time) bool { return now.UTC().Truncate(24 * time.Hour).After(expires) }

// cannot says why a control cannot be enforced as it was asked for, "" if it can.
func (inst *Installation) cannot(c control.Control) string {
	req := inst.Request
	switch {
	case c.Policy == nil && c.Enforce == control.Webhook:
		return "no admission policy can join several objects"
	case c.Policy == nil:
		return "not decided when an object is admitted"
	case c.Policy.Source.Spec.ParamKind != nil && req.Settings.Params[c.ID] == nil:
		return "not configured: set params." + c.ID + " in plimsoll.yaml"
	case len(req.Scope.Namespaces) > 0 && len(about(c).within()) == 0:
		return "it looks at objects that live in no namespace: install it without --namespace"
	case len(req.Scope.Namespaces) > 0 && len(req.Scope.of(c).Namespaces) == 0:
		return "all its namespaces are excluded"
	}
	return ""
}

// add makes the bundle of a control, or the refusals that keep it from being made.
func (inst *Installation) add(c control.Control, exceptions []finding.Exception, inv *inventory.Inventory) error {
	r := record{control: c, stage: inst.Request.Stage, scope: inst.Request.Scope.of(c), params: inst.Request.ParamsNamespace}
	var exemptions []exemption
	refused := len(inst.Refused)
	for _, x := range exceptions {
		if !scan.Fits(x.Controls, c.ID) {
			continue
		}
		grant := Grant{Name: x.Name, Expires: x.Expires.Format(time.DateOnly), Objects: x.Objects}
		e, concerned, refusal := exempt(grant, c, inst.Request.Settings)
		var shown *finding.Ref
		if concerned && refusal == nil {
			var ref finding.Ref
			if ref, refusal = alike(grant, c, inv); refusal != nil {
				shown = &ref
			}
		}
		switch {
		case !concerned:
		case refusal != nil:
			inst.Refused = append(inst.Refused, Refusal{Exception: x.Name, Control: c.ID, Why: refusal.why, Instead: refusal.instead, Object: shown})
		default:
			exemptions = append(exemptions, e)
			r.grants = append(r.grants, grant)
		}
	}
	if len(inst.Refused) > refused {
		return nil
	}
	b, err := r.bundle(exemptions, inst.Request.Settings)
	if err != nil {
		return err
	}
	if len(b.Bindings) == 0 {
		inst.LeftOut = append(inst.LeftOut, LeftOut{c.ID, "its exceptions cover everything that it looks at"})
		return nil
	}
	inst.Bundles = append(inst.Bundles, b)
	return nil
}

func (r record) bundle(exemptions []exemption, settings control.Settings) (Bundle, error) {
	b := Bundle{Control: r.control, Text: control.PolicyText(r.control.ID), Grants: r.grants}
	if err := yaml.Unmarshal(b.Text, &b.Policy); err != nil || len(b.Text) == 0 {
		return b, fmt.Errorf("read the policy of %s: %w", r.control.ID, err)
	}
	b.Digest = digest(b.Text)
	r.digest = b.Digest
	var err error
	if b.Bindings, err = r.bindings(exemptions); err != nil {
		return b, err
	}
	if r.control.Policy.Source.Spec.ParamKind != nil {
		data := map[string]any{}
		for key, value := range settings.Params[r.control.ID] {
			data[key] = value
		}
		b.Params = map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": map[string]any{
				"name": policyPrefix + r.control.ID, "namespace": r.params,
				"labels": map[string]any{ManagedBy: Owner, controlLabel: r.control.ID},
			},
			"data": data,
		}
	}
	return b, nil
}

func digest(text []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(text)) }

// warnOfLabels says which exceptions those whom they concern could give to themselves.
func (inst *Installation) warnOfLabels() {
	var names []string
	for _, b := range inst.Bundles {
		for _, g := range b.Grants {
			if len(g.Objects.Labels) > 0 && !slices.Contains(names, g.Name) {
				names = append(names, g.Name)
				text := "whoever may label objects can claim the exception %s"
				if scan.Fits(g.Objects.Namespaces, "any-name-at-all") {
					text += ", in every namespace: name its namespaces"
				}
				if about(b.Control).workloads {
					text += "; it holds for pods whose own labels fit, so that workloads need the labels in their pod template as well"
				}
				inst.Warnings = append(inst.Warnings, fmt.Sprintf(text, g.Name))
			}
		}
	}
}

// warnOfGaps says that workloads that could not be read may not be alike to the exceptions.
func (inst *Installation) warnOfGaps(inv *inventory.Inventory) {
	if inv == nil {
		return
	}
	gap, ok := inv.Incomplete(makers...)
	if ok && slices.ContainsFunc(inst.Bundles, func(b Bundle) bool { return len(b.Grants) > 0 && about(b.Control).workloads }) {
		inst.Warnings = append(inst.Warnings, "whether exceptions fit workloads and their pods alike could not be seen everywhere: "+gap.Reason)
	}
}

// Namespace is the namespace of the parameters, as an object to apply; nil when there are none.
func (inst *Installation) Namespace() map[string]any {
	for _, b := range inst.Bundles {
		if b.Params != nil {
			// Nothing runs in it, so that the strictest level holds, and the controls have nothing to say about it.
			return map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
				"name": inst.Request.ParamsNamespace, "labels": map[string]any{"pod-security.kubernetes.io/enforce": "restricted"},
			}}
		}
	}
	return nil
}
