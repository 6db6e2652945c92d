// Package identity says who a user or group name means. Kubernetes has no list of people: RBAC names groups, and who
// is in them only the identity provider knows. This package reads what such providers export (CSV, LDIF, SCIM 2.0,
// EKS access entries) and the aws-auth ConfigMap, and joins it to one Directory.
//
// It opens nothing itself: LDIF values that name a URL are never followed. Attributes that it does not need, passwords
// first of all, are dropped while reading and appear nowhere.
package identity

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A Kind is what stands behind a user name.
type Kind string

// The kinds of Person.
const (
	Human   Kind = "person"  // an account of one person, as far as the files tell
	Role    Kind = "role"    // an IAM role: whoever may assume it
	Machine Kind = "machine" // a node or a computer account
	Unknown Kind = "unknown" // a member that the files name and do not describe; it may be a group
)

// A Person is one holder of a user name.
type Person struct {
	// User is the name as Kubernetes sees it, prefix included. For Unknown it may be what the file calls the member, a
	// DN for example. EKS templates stay as they are: "system:node:{{EC2PrivateDNSName}}".
	User string `json:"user"`
	// Name is the name to show; "" when no file gives one.
	Name string `json:"name,omitempty"`
	Kind Kind   `json:"kind"`
	// Active is false when a file says that the account is disabled and none says that it is active.
	Active bool `json:"active"`
	// Principal is the IAM ARN behind the name; "" for others.
	Principal string `json:"principal,omitempty"`
	// Sources are the files, as given, that name the person; sorted.
	Sources []string `json:"sources"`
}

// A Grant is rights that EKS itself gives through an access policy. RBAC knows nothing of them.
type Grant struct {
	Principal string `json:"principal"` // IAM ARN
	// User is the Kubernetes user name of the principal; "" when its access entry was not read.
	User      string `json:"user,omitempty"`
	Policy    string `json:"policy"`    // "AmazonEKSClusterAdminPolicy"
	PolicyARN string `json:"policyArn"` // as EKS writes it
	// Scope is "cluster" or "namespace"; Namespaces are set for the latter and may hold "*" ("team-*").
	Scope      string   `json:"scope"`
	Namespaces []string `json:"namespaces,omitempty"`
	Source     string   `json:"source"`
}

// A Directory is who is in which group, as all files together tell. It is immutable and safe for concurrent use. The
// nil Directory is empty.
type Directory struct {
	nodes     []node
	users     map[string]int32
	groups    map[string]int32
	keys      map[string]int32 // what files call their entries: DNs, SCIM ids
	members   lists            // of groups: direct members
	parents   lists            // of users and groups: the groups that they are in directly
	templates []template
	accounts  map[string]bool // AWS accounts whose every IAM identity is let in
	grants    []Grant
	listed    map[string]bool // IAM principals that have an access entry: true when it was read
}

// A node is a user or a group.
type node struct {
	kind      Kind // "" for groups
	group     bool
	resolved  bool   // false: named by a reference only
	name      string // as Kubernetes sees it
	display   string
	principal string
	state     state
	sources   []string // shared, sorted
}

type state uint8

const (
	unsaid state = iota
	inactive
	active
)

// lists are many lists in one: list i is all[start[i]:start[i+1]].
type lists struct{ start, all []int32 }

func (l lists) of(i int32) []int32 { return l.all[l.start[i]:l.start[i+1]] }

// A template is a name with parts that EKS fills in.
type template struct {
	prefix  string // what every name of it starts with, which rules most names out cheaply
	pattern *regexp.Regexp
	node    int32
}

// Groups returns the groups that a user is in, directly or through groups in groups, sorted. For a name that fits the
// template of an EKS mapping these are the groups of the mapping.
func (d *Directory) Groups(user string) []string {
	if d == nil {
		return nil
	}
	found := map[string]bool{}
	for i := range d.reach(d.nodesOf(user, false), d.parents) {
		if d.nodes[i].group {
			found[d.nodes[i].name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Members returns who is in a group, directly or through groups in groups, sorted by user name. Disabled accounts and
// members that no file describes are among them.
func (d *Directory) Members(group string) []Person {
	if d == nil {
		return nil
	}
	var people []Person
	for i := range d.reach(d.nodesOf(group, true), d.members) {
		if !d.nodes[i].group {
			people = append(people, d.person(i))
		}
	}
	slices.SortFunc(people, func(a, b Person) int { return strings.Compare(a.User, b.User) })
	return people
}

// HasGroup says whether any file names the group.
func (d *Directory) HasGroup(name string) bool { return d != nil && len(d.nodesOf(name, true)) > 0 }

// HasUser says whether any file names the user. IAM users and roles of an account that aws-auth maps as a whole count.
func (d *Directory) HasUser(name string) bool {
	return d != nil && (len(d.nodesOf(name, false)) > 0 || d.accounts[accountOf(name)])
}

// Find returns the holder of a user name. For a name that fits the template of an EKS mapping it is the mapping.
func (d *Directory) Find(user string) (Person, bool) {
	if d == nil {
		return Person{}, false
	}
	if found := d.nodesOf(user, false); len(found) > 0 {
		return d.person(found[0]), true
	}
	if d.accounts[accountOf(user)] {
		return Person{User: user, Kind: kindOfARN(user), Active: true, Principal: user}, true
	}
	return Person{}, false
}

// GroupNames returns all groups, sorted.
func (d *Directory) GroupNames() []string {
	if d == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(d.groups))
}

// Outside returns the rights that were granted outside RBAC, sorted by principal, policy and namespaces.
func (d *Directory) Outside() []Grant {
	if d == nil {
		return nil
	}
	grants := slices.Clone(d.grants)
	for i := range grants {
		grants[i].Namespaces = slices.Clone(grants[i].Namespaces)
	}
	return grants
}

// Undescribed returns the IAM principals that have an EKS access entry which no file describes, sorted: what they may
// do is not known.
func (d *Directory) Undescribed() []string {
	if d == nil {
		return nil
	}
	var missing []string
	for principal, read := range d.listed {
		if !read {
			missing = append(missing, principal)
		}
	}
	slices.Sort(missing)
	return missing
}

// nodesOf returns the users or groups that a name means: the one of this very name first, then fitting templates.
func (d *Directory) nodesOf(name string, group bool) []int32 {
	var found []int32
	index := d.users
	if group {
		index = d.groups
	}
	exact, ok := index[name]
	if ok {
		found = append(found, exact)
	}
	for _, t := range d.templates {
		if d.nodes[t.node].group == group && (!ok || t.node != exact) && strings.HasPrefix(name, t.prefix) && t.pattern.MatchString(name) {
			found = append(found, t.node)
		}
	}
	return found
}

// reach returns everything that the edges lead to, the starting points only when an edge leads back to them.
func (d *Directory) reach(from []int32, edges lists) map[int32]bool {
	seen := map[int32]bool{}
	for queue := slices.Clone(from); len(queue) > 0; {
		next := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, to := range edges.of(next) {
			if !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	return seen
}

func (d *Directory) person(i int32) Person {
	n := d.nodes[i]
	return Person{
		User: n.name, Name: n.display, Kind: n.kind, Active: n.state != inactive, Principal: n.principal,
		Sources: slices.Clone(n.sources),
	}
}
