package control

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/policy"
)

//go:embed policies/*.yaml
var policyFiles embed.FS

// annotationPrefix is where a policy keeps what the language of policies has no field for.
const annotationPrefix = "plimsoll.io/"

// policyPrefix comes before a control's id in its policy's name.
const policyPrefix = "plimsoll-"

// goControls lists the controls that are written in Go, because they join several objects or need what the API server
// hides. One file each.
func goControls() []Control {
	return []Control{
		automountedToken(),
		danglingNetworkPolicy(),
		danglingRole(),
		danglingSubject(),
		deprecatedAPI(),
		deprecatedServiceAccountField(),
		escalationPath(),
		ineffectiveNetworkPolicy(),
		lookalikeName(),
		metadataServiceAllowed(),
		misleadingNetworkPolicy(),
		missingServiceAccount(),
		namespaceWithoutDefaultDeny(),
		namespaceWithoutLimitRange(),
		namespaceWithoutQuota(),
		podSecurityBaseline(),
		podSecurityRestricted(),
		podWithoutNetworkPolicy(),
		secretInConfigMap(),
		secretInEnv(),
		shadowedNetworkPolicy(),
		staleGrant(),
		unknownGroup(),
		unknownUser(),
	}
}

// All lists every control, sorted by id. Policies are parsed on the first call and compiled when they first judge.
func All() ([]Control, error) {
	controls, err := catalog()
	return slices.Clone(controls), err
}

var catalog = sync.OnceValues(func() ([]Control, error) {
	controls, err := policyControls()
	if err != nil {
		return nil, err
	}
	controls = append(controls, goControls()...)
	slices.SortFunc(controls, func(a, b Control) int { return strings.Compare(a.ID, b.ID) })
	return controls, nil
})

// policyControls reads every embedded policy.
func policyControls() ([]Control, error) {
	names, err := fs.Glob(policyFiles, "policies/*.yaml")
	if err != nil {
		return nil, err
	}
	controls := make([]Control, len(names))
	errs := make([]error, len(names))
	var readers sync.WaitGroup
	for i, name := range names {
		readers.Go(func() {
			controls[i], errs[i] = readPolicyControl(name)
		})
	}
	readers.Wait()
	return controls, errors.Join(errs...)
}

// PolicyText is the file of a control's policy, byte for byte; nil when the control is no policy.
func PolicyText(id string) []byte {
	data, err := policyFiles.ReadFile("policies/" + id + ".yaml")
	if err != nil {
		return nil
	}
	return data
}

func readPolicyControl(name string) (Control, error) {
	data, err := policyFiles.ReadFile(name)
	if err != nil {
		return Control{}, err
	}
	p, err := policy.Parse(data)
	if err != nil {
		return Control{}, fmt.Errorf("%s: %w", name, err)
	}
	p.Trusted = true
	c, err := FromPolicy(p)
	if err == nil && c.ID+".yaml" != path.Base(name) {
		err = fmt.Errorf("policy is named %q", p.Source.Name)
	}
	if err != nil {
		return Control{}, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// FromPolicy makes a control of a policy that carries the annotations of the catalogue. Its id is the policy's name
// without "plimsoll-".
func FromPolicy(p *policy.Policy) (Control, error) {
	note := func(key string) string { return strings.TrimSpace(p.Source.Annotations[annotationPrefix+key]) }
	severity, err := finding.ParseSeverity(note("severity"))
	if err != nil {
		return Control{}, err
	}
	c := Control{
		ID: strings.TrimPrefix(p.Source.Name, policyPrefix), Title: note("title"), Why: note("why"), Remedy: note("remedy"),
		Severity: severity, Capability: Capability(note("capability")), References: strings.Fields(note("references")),
		Enforce: Admission, Reads: p.Kinds(), Policy: p,
	}
	if fix := note("fix"); fix != "" {
		if c.Fix, err = parseFix(fix); err != nil {
			return Control{}, fmt.Errorf("annotation %sfix: %w", annotationPrefix, err)
		}
	}
	return c, nil
}

func parseFix(text string) (*finding.Fix, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	fix := &finding.Fix{}
	if err := dec.Decode(fix); err != nil {
		return nil, err
	}
	switch fix.Op {
	case finding.Set, finding.Remove, finding.Append:
	default:
		return nil, fmt.Errorf("unknown operation %q", fix.Op)
	}
	fix.Value = plainNumbers(fix.Value)
	return fix, nil
}

// plainNumbers gives numbers the types that objects of an inventory have.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for key, item := range v {
			v[key] = plainNumbers(item)
		}
	case []any:
		for i, item := range v {
			v[i] = plainNumbers(item)
		}
	}
	return v
}
