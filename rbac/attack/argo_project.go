package attack

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// argoCluster is how Argo CD calls the cluster that it runs in, by its address; by name it is argoClusterName.
const (
	argoCluster     = "https://kubernetes.default.svc"
	argoClusterName = "in-cluster"
)

// anyRepository says that the project lets repositories in that anybody can make: all of them, or all of a public host.
func (p *argoProject) anyRepository() bool {
	public := []string{"*", "**", "https://*", "https://**", "https://github.com/**", "https://gitlab.com/**", "https://bitbucket.org/**"}
	return slices.ContainsFunc(texts(p.spec["sourceRepos"]), func(pattern string) bool { return slices.Contains(public, pattern) })
}

// everywhere says that the project reaches every namespace of this cluster.
func (p *argoProject) everywhere() bool {
	all := false
	for _, d := range inventory.Maps(p.spec["destinations"]) {
		if isDenial(d) {
			return false
		}
		all = all || isArgoCluster(d) && (inventory.String(d, "namespace") == "*" || inventory.String(d, "namespace") == "**")
	}
	return all && p.spec["permitOnlyProjectScopedClusters"] != true
}

// reaches says that the project lets Applications write into a namespace of this cluster.
func (p *argoProject) reaches(namespace string) bool {
	if p.spec["permitOnlyProjectScopedClusters"] == true { // clusters that Secrets tell, whose content nobody sees
		return false
	}
	reached := false
	for _, d := range inventory.Maps(p.spec["destinations"]) {
		pattern := inventory.String(d, "namespace")
		here, there := isArgoCluster(d), argoCovers(pattern, namespace)
		if denied, is := strings.CutPrefix(pattern, "!"); is && argoGlob(denied, namespace) && (here || isDenial(d)) {
			return false
		}
		for _, field := range []string{"server", "name"} {
			value := inventory.String(d, field)
			if denied, is := strings.CutPrefix(value, "!"); is && (argoGlob(denied, argoCluster) || argoGlob(denied, argoClusterName)) {
				return false
			}
		}
		reached = reached || here && there
	}
	return reached
}

// isDenial says that a destination excludes something.
func isDenial(destination map[string]any) bool {
	return slices.ContainsFunc([]string{"server", "name", "namespace"}, func(field string) bool {
		return strings.HasPrefix(inventory.String(destination, field), "!")
	})
}

// isArgoCluster says that a destination covers the cluster that Argo CD runs in.
func isArgoCluster(destination map[string]any) bool {
	return argoCovers(inventory.String(destination, "server"), argoCluster) ||
		argoCovers(inventory.String(destination, "name"), argoClusterName)
}

// argoCovers matches a pattern of a destination; one that starts with "!" covers all but what follows.
func argoCovers(pattern, value string) bool {
	if denied, is := strings.CutPrefix(pattern, "!"); is {
		return !argoGlob(denied, value)
	}
	return argoGlob(pattern, value)
}

// allows says whether Applications of the project may hold a kind. Namespaced kinds are all allowed unless a list says
// otherwise; cluster-scoped ones only by a list.
func (p *argoProject) allows(group, kind string, namespaced bool) bool {
	allowed, denied := p.kinds(namespaced)
	listed := namespaced && allowed == nil || slices.ContainsFunc(inventory.Maps(allowed), func(item map[string]any) bool {
		// an entry that names objects allows those only
		return argoGlob(inventory.String(item, "kind"), kind) && argoGlob(inventory.String(item, "group"), group) &&
			inventory.String(item, "name") == ""
	})
	return listed && !slices.ContainsFunc(inventory.Maps(denied), func(item map[string]any) bool {
		return argoGlob(inventory.String(item, "kind"), kind) && argoGlob(inventory.String(item, "group"), group)
	})
}

// allowsAll says whether Applications may hold every kind.
func (p *argoProject) allowsAll(namespaced bool) bool {
	_, denied := p.kinds(namespaced)
	return len(inventory.Maps(denied)) == 0 && p.allows("*", "*", namespaced)
}

func (p *argoProject) kinds(namespaced bool) (allowed, denied any) {
	if namespaced {
		return p.spec["namespaceResourceWhitelist"], p.spec["namespaceResourceBlacklist"]
	}
	return p.spec["clusterResourceWhitelist"], p.spec["clusterResourceBlacklist"]
}

// argoMatch says whether a list of patterns, or of regular expressions between slashes, covers a namespace.
func argoMatch(patterns []string, namespace string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if len(pattern) > 2 && pattern[0] == '/' && pattern[len(pattern)-1] == '/' {
			re, err := regexp.Compile(pattern[1 : len(pattern)-1])
			return err == nil && re.MatchString(namespace)
		}
		return argoGlob(pattern, namespace)
	})
}

// argoGlob matches as Argo CD does, where "*" stands for slashes too. Patterns with alternatives in braces match nothing.
func argoGlob(pattern, value string) bool {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return pattern == value && value != ""
	}
	if pattern == "*" {
		return true
	}
	noSlash := strings.NewReplacer("/", ":")
	ok, err := path.Match(noSlash.Replace(pattern), noSlash.Replace(value))
	return ok && err == nil
}
