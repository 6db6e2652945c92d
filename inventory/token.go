package inventory

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
)

// MountsToken says whether Kubernetes puts a token of the service account into the pods by itself: the pod's own field
// decides, then the account's, else it does. Two files that describe the same account have to agree. spec is the pod
// spec, name the account's name and accounts the objects of that name that are known. A token that a pod asks for in a
// volume of its own is another matter: see TokenVolume.
func MountsToken(spec map[string]any, name string, accounts []*Object) (mounted bool, because finding.Reason) {
	if own, set := spec["automountServiceAccountToken"].(bool); set {
		return own, Proves("pod-mounts-token", "the pod says automountServiceAccountToken: true", nil)
	}
	if len(accounts) == 0 {
		return true, Proves("token-by-default", "neither the pod nor a service account "+name+" that is known here says otherwise", nil)
	}
	for _, o := range accounts {
		if mounts, set := o.Content["automountServiceAccountToken"].(bool); !set {
			return true, Proves("token-by-default", "neither the pod nor "+o.String()+" says otherwise", o)
		} else if mounts {
			return true, Proves("account-mounts-token", o.String()+" says automountServiceAccountToken: true", o)
		}
	}
	return false, finding.Reason{}
}

// TokenVolume is the path, below the pod spec, of a projected volume with a token that the API server takes: one for
// its own audience, which is what a source without an audience means, or one of the names that installers give it.
// In a live Pod this is also the volume that the admission of service accounts adds.
func TokenVolume(spec map[string]any) (at finding.Path, ok bool) {
	for i, item := range List(spec, "volumes") {
		volume, _ := item.(map[string]any)
		for j, s := range List(volume, "projected", "sources") {
			source, _ := s.(map[string]any)
			token, has := source["serviceAccountToken"].(map[string]any)
			if !has {
				continue
			}
			audience := String(token, "audience")
			if audience == "" || strings.HasPrefix(audience, "https://kubernetes.default.svc") {
				at = finding.Path("volumes")
				if name := String(volume, "name"); name != "" {
					at = at.Item("name", name)
				} else {
					at = at.Index(i)
				}
				return at.Field("projected").Field("sources").Index(j).Field("serviceAccountToken"), true
			}
		}
	}
	return "", false
}
