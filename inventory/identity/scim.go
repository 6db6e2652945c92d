package identity

import (
	"encoding/json"
	"slices"
	"strings"
)

// A scimLink is a member of a group, or a group of a user.
type scimLink struct {
	Value   json.RawMessage `json:"value"`
	Ref     string          `json:"$ref"`
	Display string          `json:"display"`
	Type    string          `json:"type"`
}

// id is the id of what the link leads to; "" when it says none.
func (l scimLink) id() string {
	if id := rawString(l.Value); id != "" {
		return id
	}
	return l.Ref[strings.LastIndexByte(l.Ref, '/')+1:]
}

// isGroup says whether a member is a group in the group.
func (l scimLink) isGroup() bool {
	return strings.EqualFold(l.Type, "Group") || l.Type == "" && strings.Contains(l.Ref, "/Groups/")
}

// called is what to call it when the file has no resource of this id.
func (l scimLink) called() string {
	if l.Display != "" {
		return l.Display
	}
	return l.id()
}

// takeSCIM takes in a User or a Group. It says whether the object is one, or is one of the resources of SCIM that name
// nobody.
func (j *jsonFile) takeSCIM(all fields) bool {
	switch scimKind(all) {
	case "User":
		j.takeUser(all)
	case "Group":
		j.takeGroup(all)
	case "other":
		j.count(0, "a resource of SCIM is neither a user nor a group")
	default:
		return false
	}
	return true
}

// scimKind tells the kind by the schemas, by the resource type, or by the fields that only one of the two has.
func scimKind(all fields) string {
	var schemas []string
	_ = json.Unmarshal(all["schemas"], &schemas) // an odd one says nothing
	var meta struct{ ResourceType string }
	_ = json.Unmarshal(all["meta"], &meta)
	says := func(kind string) bool {
		return strings.EqualFold(meta.ResourceType, kind) || slices.ContainsFunc(schemas, func(s string) bool {
			return strings.HasPrefix(strings.ToLower(s), "urn:") && strings.HasSuffix(strings.ToLower(s), ":"+strings.ToLower(kind))
		})
	}
	switch {
	case says("Group"):
		return "Group"
	case says("User"):
		return "User"
	case len(schemas) > 0 && strings.HasPrefix(strings.ToLower(schemas[0]), "urn:ietf:params:scim:"):
		return "other"
	case all["username"] != nil:
		return "User"
	case all["members"] != nil && all["displayname"] != nil:
		return "Group"
	}
	return ""
}

func (j *jsonFile) takeUser(all fields) {
	name := j.scimUserName(all)
	if name == "" {
		j.odd("the user has no name")
		return
	}
	id, _ := j.userNamed(0, name)
	j.describe(id, j.text(0, scimDisplay(all)), j.scimActive(all["active"]))
	if key := all.str("id"); key != "" {
		j.define("scim:"+key, id)
	}
	links, ok := scimLinks(all["groups"])
	if !ok {
		j.odd("groups is not a list of groups")
	}
	for _, link := range links {
		if link.id() != "" {
			j.join(j.ref("scim:"+link.id(), j.opts.GroupPrefix+j.text(0, link.called()), true), id)
		}
	}
}

// scimUserName is the attribute that names the user: userName, unless the options name another that the user has.
func (j *jsonFile) scimUserName(all fields) string {
	option := strings.ToLower(j.opts.UserName)
	switch option {
	case "", "username":
		return all.str("username")
	case "mail", "email", "emails":
		var emails []struct {
			Value   string
			Primary bool
		}
		_ = json.Unmarshal(all["emails"], &emails) // an odd list has no mail address to offer
		if i := slices.IndexFunc(emails, func(e struct {
			Value   string
			Primary bool
		}) bool {
			return e.Primary
		}); i >= 0 {
			return emails[i].Value
		}
		if len(emails) > 0 {
			return emails[0].Value
		}
	default:
		if value := all.str(option); value != "" {
			return value
		}
	}
	j.count(0, "a user has no attribute of the name that names users: userName is taken")
	return all.str("username")
}

// scimDisplay is the name to show.
func scimDisplay(all fields) string {
	if name := all.str("displayname"); name != "" {
		return name
	}
	var name struct{ Formatted, GivenName, FamilyName string }
	_ = json.Unmarshal(all["name"], &name) // an odd name is no name
	if name.Formatted != "" {
		return name.Formatted
	}
	return strings.TrimSpace(name.GivenName + " " + name.FamilyName)
}

// scimActive reads "active", which some providers write as a string.
func (j *jsonFile) scimActive(raw json.RawMessage) state {
	switch strings.ToLower(strings.Trim(string(raw), `"`)) {
	case "", "null":
		return unsaid
	case "true":
		return active
	case "false":
		return inactive
	}
	j.count(0, "whether a user is active is neither true nor false: it is taken for active")
	return active
}

func (j *jsonFile) takeGroup(all fields) {
	option := strings.ToLower(j.opts.GroupName)
	if option == "" || option == "cn" || option == "dn" {
		option = "displayname"
	}
	name := all.str(option)
	if name == "" {
		if name = all.str("displayname"); name == "" {
			name = all.str("id")
		}
		j.count(0, "a group has no attribute of the name that names groups: displayName or id is taken")
	}
	if name == "" {
		j.odd("the group has no name")
		return
	}
	id, known := j.groupNamed(0, name)
	key := "scim:" + all.str("id")
	if old, defined := j.keys[key]; known && all.str("id") != "" && (!defined || j.final(old) != id) {
		j.warn(0, "another group is named %s too: their members are taken together", quote(name))
	}
	if all.str("id") != "" {
		j.define(key, id)
	}
	links, ok := scimLinks(all["members"])
	if !ok {
		j.odd("members is not a list of members")
	}
	for _, link := range links {
		switch {
		case link.id() == "":
			j.count(0, "a member of a group has no id: it is passed over")
		case link.isGroup():
			j.join(id, j.ref("scim:"+link.id(), j.opts.GroupPrefix+j.text(0, link.called()), true))
		default:
			j.join(id, j.ref("scim:"+link.id(), j.text(0, link.called()), false))
		}
	}
}

// scimLinks reads members or groups: a list, or one object where a list should be.
func scimLinks(raw json.RawMessage) (links []scimLink, ok bool) {
	if len(raw) == 0 || json.Unmarshal(raw, &links) == nil {
		return links, true
	}
	var one scimLink
	if json.Unmarshal(raw, &one) == nil {
		return []scimLink{one}, true
	}
	return nil, false
}
