package rbac

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
)

// The kinds of a Subject.
const (
	UserKind           = "User"
	GroupKind          = "Group"
	ServiceAccountKind = "ServiceAccount"
)

// Groups that the API server itself gives to callers.
const (
	Masters         = "system:masters"         // bypasses RBAC
	Authenticated   = "system:authenticated"   // everybody who could prove a name
	Unauthenticated = "system:unauthenticated" // everybody else
	AllAccounts     = "system:serviceaccounts" // every service account
	Anonymous       = "system:anonymous"       // the user name of who could not prove one

	accountPrefix = "system:serviceaccount:"
	accountsOf    = AllAccounts + ":" // + namespace: the service accounts of that namespace
)

// A Subject is whom a binding can name.
type Subject struct {
	Kind      string `json:"kind"`      // UserKind, GroupKind or ServiceAccountKind
	Namespace string `json:"namespace"` // of a ServiceAccount, "" for the others
	Name      string `json:"name"`
}

// String is how people name the subject, "ServiceAccount shop/cart", "Group system:masters".
func (s Subject) String() string {
	if s.Kind == ServiceAccountKind {
		return s.Kind + " " + s.Namespace + "/" + s.Name
	}
	return s.Kind + " " + s.Name
}

// Ref names the subject as an object; users and groups are objects of the RBAC API group, though no API serves them.
func (s Subject) Ref() finding.Ref {
	if s.Kind == ServiceAccountKind {
		return finding.Ref{APIVersion: "v1", Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}
	}
	return finding.Ref{APIVersion: Group + "/v1", Kind: s.Kind, Name: s.Name}
}

// Compare orders subjects by kind, namespace and name.
func (s Subject) Compare(o Subject) int {
	for _, c := range [...]int{
		strings.Compare(s.Kind, o.Kind), strings.Compare(s.Namespace, o.Namespace), strings.Compare(s.Name, o.Name),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// UserName is the name under which the API server knows a user or service account; "" for groups.
func (s Subject) UserName() string {
	switch s.Kind {
	case ServiceAccountKind:
		return accountPrefix + s.Namespace + ":" + s.Name
	case UserKind:
		return s.Name
	}
	return ""
}

func (s Subject) appendUserName(to []byte) []byte {
	if s.Kind == ServiceAccountKind {
		to = append(append(append(to, accountPrefix...), s.Namespace...), ':')
	}
	return append(to, s.Name...)
}

// caller is the one form of a subject: service accounts can also be named as users.
func (s Subject) caller() Subject {
	switch {
	case s.Kind == UserKind && strings.HasPrefix(s.Name, accountPrefix),
		s.Kind == ServiceAccountKind && (strings.Contains(s.Name, ":") || strings.Contains(s.Namespace, ":")):
		return SubjectOfUser(s.UserName())
	}
	return s
}

// Account is the service account of a name.
func Account(namespace, name string) Subject { return Subject{ServiceAccountKind, namespace, name} }

// SubjectOfUser is the subject behind a user name: a ServiceAccount for "system:serviceaccount:shop:cart".
func SubjectOfUser(name string) Subject {
	if rest, ok := strings.CutPrefix(name, accountPrefix); ok {
		if namespace, account, ok := strings.Cut(rest, ":"); ok && namespace != "" && account != "" && !strings.Contains(account, ":") {
			return Account(namespace, account)
		}
	}
	return Subject{Kind: UserKind, Name: name}
}

// ParseSubject reads what people write: "sa:shop/cart", "system:serviceaccount:shop:cart", "shop/cart", "user:jane",
// "group:ops", or a user's plain name. The kinds may be spelled out: "serviceaccount:", "user:", "group:".
func ParseSubject(text string) (Subject, error) {
	kind, rest, hasKind := strings.Cut(text, ":")
	if hasKind {
		switch strings.ToLower(kind) {
		case "sa", "serviceaccount":
			return parseAccount(rest)
		case "user":
			return named(UserKind, rest)
		case "group":
			return named(GroupKind, rest)
		}
	}
	switch {
	case strings.HasPrefix(text, accountPrefix):
		s := SubjectOfUser(text)
		if s.Kind != ServiceAccountKind {
			return Subject{}, fmt.Errorf("%q is no service account: write system:serviceaccount:NAMESPACE:NAME", text)
		}
		return s, nil
	case text == Masters || text == Authenticated || text == Unauthenticated || text == AllAccounts || strings.HasPrefix(text, accountsOf):
		return Subject{Kind: GroupKind, Name: text}, nil
	case strings.Count(text, "/") == 1 && !strings.Contains(text, "@") && !strings.Contains(text, ":"):
		return parseAccount(text)
	}
	return named(UserKind, text)
}

func parseAccount(text string) (Subject, error) {
	namespace, name, ok := strings.Cut(text, "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return Subject{}, fmt.Errorf("%q is no service account: write sa:NAMESPACE/NAME", text)
	}
	return Account(namespace, name), nil
}

func named(kind, name string) (Subject, error) {
	if name == "" {
		return Subject{}, fmt.Errorf("the name of the %s is empty", strings.ToLower(kind))
	}
	return Subject{Kind: kind, Name: name}, nil
}

// An Identity is how the API server sees a caller.
type Identity struct {
	User   string   // "" for a member of the groups whose own name does not matter
	Groups []string // as authentication gives them
}

// Identity is how the API server sees a caller that is this subject and in no group but those that authentication
// itself gives. A Group stands for any member of it.
func (s Subject) Identity() Identity {
	switch {
	case s.Kind == ServiceAccountKind:
		return Identity{s.UserName(), []string{AllAccounts, accountsOf + s.Namespace, Authenticated}}
	case s.Kind == UserKind && s.Name == Anonymous, s.Kind == GroupKind && s.Name == Unauthenticated:
		return Identity{Anonymous, []string{Unauthenticated}}
	case s.Kind == UserKind:
		if account := SubjectOfUser(s.Name); account.Kind == ServiceAccountKind {
			return account.Identity()
		}
		return Identity{s.Name, []string{Authenticated}}
	case s.Name == Authenticated:
		return Identity{"", []string{Authenticated}}
	case strings.HasPrefix(s.Name, accountsOf):
		return Identity{"", []string{s.Name, AllAccounts, Authenticated}}
	}
	return Identity{"", []string{s.Name, Authenticated}}
}

// With adds groups, those that an identity provider gives, for example.
func (id Identity) With(groups ...string) Identity {
	out := Identity{id.User, slices.Clone(id.Groups)}
	for _, g := range groups {
		if !slices.Contains(out.Groups, g) {
			out.Groups = append(out.Groups, g)
		}
	}
	return out
}
