package inventory

import (
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
)

func account(automount any) *Object {
	content := map[string]any{"kind": "ServiceAccount"}
	if automount != nil {
		content["automountServiceAccountToken"] = automount
	}
	return &Object{Ref: finding.Ref{Kind: "ServiceAccount", Namespace: "shop", Name: "cart"}, Content: content}
}

func TestMountsToken(t *testing.T) {
	for name, c := range map[string]struct {
		pod      any
		accounts []*Object
		want     bool
		fact     string
	}{
		"nobody says":               {nil, nil, true, "token-by-default"},
		"the pod wins":              {true, []*Object{account(false)}, true, "pod-mounts-token"},
		"the pod wins again":        {false, []*Object{account(true)}, false, "pod-mounts-token"},
		"the account says no":       {nil, []*Object{account(false)}, false, ""},
		"the account says yes":      {nil, []*Object{account(true)}, true, "account-mounts-token"},
		"the account says nothing":  {nil, []*Object{account(nil)}, true, "token-by-default"},
		"two files disagree":        {nil, []*Object{account(false), account(nil)}, true, "token-by-default"},
		"a field of the wrong type": {"false", []*Object{account("no")}, true, "token-by-default"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := map[string]any{}
			if c.pod != nil {
				spec["automountServiceAccountToken"] = c.pod
			}
			got, because := MountsToken(spec, "cart", c.accounts)
			if got != c.want || because.Fact != c.fact {
				t.Errorf("got %v because of %q, want %v because of %q", got, because.Fact, c.want, c.fact)
			}
		})
	}
}

func TestTokenVolume(t *testing.T) {
	volume := func(token any) map[string]any {
		return map[string]any{"volumes": []any{
			nil, map[string]any{"name": "t", "projected": map[string]any{"sources": []any{map[string]any{"serviceAccountToken": token}}}},
		}}
	}
	for name, c := range map[string]struct {
		spec map[string]any
		want finding.Path
	}{
		"no audience":         {volume(map[string]any{"path": "token"}), "volumes[name=t].projected.sources[0].serviceAccountToken"},
		"the API server's":    {volume(map[string]any{"audience": "https://kubernetes.default.svc"}), "volumes[name=t].projected.sources[0].serviceAccountToken"},
		"another":             {volume(map[string]any{"audience": "vault"}), ""},
		"of the wrong type":   {volume("token"), ""},
		"no volumes":          {nil, ""},
		"volumes are no list": {map[string]any{"volumes": "x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := TokenVolume(c.spec); got != c.want || ok != (c.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, c.want)
			}
		})
	}
}
