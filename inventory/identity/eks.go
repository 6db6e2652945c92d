package identity

import (
	"encoding/json"
	"strings"
)

// An accessEntry is how EKS lets an IAM principal in, as "aws eks describe-access-entry" writes it.
type accessEntry struct {
	PrincipalARN             string             `json:"principalArn"`
	KubernetesGroups         []string           `json:"kubernetesGroups"`
	Username                 string             `json:"username"`
	Type                     string             `json:"type"` // STANDARD, EC2_LINUX…
	AssociatedAccessPolicies []associatedPolicy `json:"associatedAccessPolicies"`
}

// An associatedPolicy is rights that EKS gives outside RBAC, as "aws eks list-associated-access-policies" writes it.
type associatedPolicy struct {
	PolicyARN   string `json:"policyArn"`
	AccessScope struct {
		Type       string   `json:"type"`
		Namespaces []string `json:"namespaces"`
	} `json:"accessScope"`
}

// takeEKS takes in what "aws eks" writes about access entries. It says whether the object is such.
func (j *jsonFile) takeEKS(all fields) bool {
	switch {
	case all["accessentry"] != nil:
		j.takeEntry(all["accessentry"])
	case all["accessentries"] != nil:
		j.takeEntries(all["accessentries"])
	case all["associatedaccesspolicies"] != nil:
		var policies []associatedPolicy
		if json.Unmarshal(all["associatedaccesspolicies"], &policies) != nil || all.str("principalarn") == "" {
			j.odd("it is no list of access policies of a principal")
			break
		}
		j.grant(all.str("principalarn"), policies)
	case all["accesspolicies"] != nil:
		j.count(0, "the list of all access policies says nothing of who has them: list the associated ones of each access entry")
	default:
		return false
	}
	if next := all.str("nexttoken"); next != "" {
		j.count(0, "a list of EKS goes on in another page, which the file may lack")
	}
	return true
}

// takeEntries takes in a list of principals, or of whole entries.
func (j *jsonFile) takeEntries(raw json.RawMessage) {
	var entries []json.RawMessage
	if json.Unmarshal(raw, &entries) != nil {
		j.odd("accessEntries is not a list")
		return
	}
	for _, entry := range entries {
		principal := rawString(entry)
		switch {
		case principal == "":
			j.takeEntry(entry)
		case len(j.listed) >= j.builder.limit:
			j.fail("more than %d access entries", j.builder.limit)
		default:
			principal = j.text(0, principal)
			described := j.listed[principal]
			j.listed[principal] = described
		}
	}
}

func (j *jsonFile) takeEntry(raw json.RawMessage) {
	var e accessEntry
	if json.Unmarshal(raw, &e) != nil || e.PrincipalARN == "" {
		j.odd("it is no access entry")
		return
	}
	name := e.Username
	if name == "" {
		name = defaultUser(e.PrincipalARN)
	}
	principal := j.text(0, e.PrincipalARN)
	id, _ := j.user(j.text(0, name))
	if j.err != nil {
		return
	}
	j.listed[principal] = true
	j.principal(id, principal)
	if e.Type != "" && !strings.EqualFold(e.Type, "STANDARD") {
		j.nodes[id].kind = Machine // EC2_LINUX, FARGATE_LINUX and the other types are of nodes
	}
	for _, name := range e.KubernetesGroups {
		if name = j.text(0, name); name != "" {
			group, _ := j.group(name)
			j.join(group, id)
		}
	}
	j.grant(principal, e.AssociatedAccessPolicies)
}

// principal says which IAM principal is behind a user name.
func (b *builder) principal(id int32, principal string) {
	if b.err != nil {
		return
	}
	n := &b.nodes[id]
	n.principal, n.kind = b.keep(principal), kindOfARN(principal)
	if strings.HasPrefix(n.name, "system:node:") {
		n.kind = Machine
	}
	if a, ok := parseARN(principal); ok && n.display == "" {
		n.display = b.keep(a.name)
	}
}

func (j *jsonFile) grant(principal string, policies []associatedPolicy) {
	for _, p := range policies {
		if p.PolicyARN == "" {
			j.odd("an access policy has no ARN")
			continue
		}
		if len(j.grants) >= j.builder.limit {
			j.fail("more than %d access policies", j.builder.limit)
			return
		}
		g := Grant{
			Principal: j.text(0, principal), PolicyARN: j.text(0, p.PolicyARN), Scope: strings.ToLower(p.AccessScope.Type), Source: j.source[0],
		}
		g.Policy = g.PolicyARN[strings.LastIndexByte(g.PolicyARN, '/')+1:]
		if g.Scope != "namespace" {
			g.Scope = "cluster" // also for what is not known: the wider one
		}
		for _, namespace := range p.AccessScope.Namespaces {
			g.Namespaces = append(g.Namespaces, j.text(0, namespace))
		}
		j.grants = append(j.grants, g)
	}
}
