package rbac

import (
	"slices"
	"strings"
)

// NormalVerb is a verb as the API server writes it: "GET" is "get". Verbs that are not its own are left as they are, since
// whoever asks for them by SubjectAccessReviews chooses how to write them, and rules match them byte by byte.
func NormalVerb(verb string) string {
	own := []string{
		"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "proxy", "head", "post", "put", "options",
		"impersonate", "bind", "escalate", "approve", "sign", "attest", "use",
	}
	if lower := strings.ToLower(verb); slices.Contains(own, lower) {
		return lower
	}
	return verb
}
