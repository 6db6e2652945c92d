package identity

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// An entry is the LDIF entry being read. Its memberships are taken in line by line, so that a group of any size fits.
type entry struct {
	dn      string
	line    int
	self    int32
	skip    bool // a change record
	classes []string
	values  map[string]string // the first value of every attribute that may name or describe
	members bool
}

// A pendingMembership is one through the primary group, which is named by number.
type pendingMembership struct {
	group  string // a key
	member int32
}

type ldifFile struct {
	*file
	entry   *entry // nil between entries
	pending []pendingMembership
	key     []byte // scratch
}

// What is read of an entry. Everything else, passwords above all, is dropped unseen.
var (
	nameAttributes   = [...]string{"cn", "uid", "mail", "userprincipalname", "samaccountname", "displayname"}
	statusAttributes = [...]string{"useraccountcontrol", "nsaccountlock", "logindisabled", "pwdaccountlockedtime"}
	numberAttributes = [...]string{"gidnumber", "primarygroupid", "objectsid"}
	linkAttributes   = [...]string{"member", "uniquemember", "memberuid", "memberof", "memberurl"}
	fileAttributes   = [...]string{"dn", "version", "changetype", "objectclass", "result"}
)

// readLDIF reads the entries of an LDAP directory: people, groups of names, POSIX groups and those of Active Directory.
func (f *file) readLDIF(in *bufio.Reader) error {
	l := &ldifFile{file: f}
	options := []string{strings.ToLower(f.opts.UserName), strings.ToLower(f.opts.GroupName)}
	reader := &ldifReader{in: in, keep: func(attribute string) bool {
		return slices.Contains(linkAttributes[:], attribute) || slices.Contains(nameAttributes[:], attribute) ||
			slices.Contains(statusAttributes[:], attribute) || slices.Contains(numberAttributes[:], attribute) ||
			slices.Contains(fileAttributes[:], attribute) || slices.Contains(options, attribute)
	}}
	for f.err == nil {
		line, err := reader.read()
		if errors.Is(err, io.EOF) {
			l.finish()
			l.joinPrimary()
			return f.err
		}
		if err != nil {
			return err
		}
		if err := l.take(line); err != nil {
			return err
		}
	}
	return f.err
}

// take takes in one line.
func (l *ldifFile) take(line ldifLine) error {
	switch {
	case line.blank:
		l.finish()
	case line.attribute == "dn":
		if line.url {
			return fmt.Errorf("line %d: the DN is at a URL, which is not opened", line.line)
		}
		l.finish()
		l.entry = &entry{dn: line.value, line: line.line, values: map[string]string{}}
		l.entry.self = l.entryOf(line.line, line.value)
	case l.entry == nil:
		l.outside(line)
	case l.entry.skip:
	case line.url:
		l.count(line.line, "a value is at a URL, which is not opened")
	default:
		l.attribute(l.entry, line)
	}
	return nil
}

// outside takes in a line that stands in no entry: what search tools write before and after them.
func (l *ldifFile) outside(line ldifLine) {
	switch line.attribute {
	case "version":
		if line.value != "1" {
			l.count(line.line, "the file says that it is of another version of LDIF than 1")
		}
	case "result":
		if code, _, _ := strings.Cut(line.value, " "); code != "0" {
			l.warn(line.line, "the search ended with the error %s: entries are likely to be missing", quote(line.value))
		}
	case "search", "ref", "control":
	default:
		l.count(line.line, "a line stands outside of any entry: it is passed over")
	}
}

// attribute takes in one attribute of an entry.
func (l *ldifFile) attribute(e *entry, line ldifLine) {
	switch line.attribute {
	case "changetype":
		if !strings.EqualFold(line.value, "add") {
			e.skip = true
			l.count(line.line, "a change record is passed over: only entries are read")
		}
	case "objectclass":
		if len(e.classes) < 100 {
			e.classes = append(e.classes, strings.ToLower(line.value))
		}
	case "member", "uniquemember":
		e.members = true
		l.partly(e, line)
		if value := withoutUID(line.value); value != "" {
			l.join(e.self, l.entryOf(line.line, value))
		}
	case "memberuid":
		e.members = true
		if value := l.text(line.line, line.value); value != "" {
			l.join(e.self, l.ref("uid:"+value, l.opts.UserPrefix+value, false))
		}
	case "memberof":
		if line.value != "" {
			l.join(l.ref(keyOfDN(line.value), l.groupName(line.line, line.value), true), e.self)
		}
	case "memberurl":
		e.members = true
		l.count(line.line, "a group takes its members from a search, which is not made: they are not known")
	default:
		if _, ok := e.values[line.attribute]; !ok && line.value != "" && len(line.options) == 0 {
			e.values[line.attribute] = line.value
		}
	}
}

// entryOf is what a DN means, or will mean when its entry comes.
func (l *ldifFile) entryOf(line int, dn string) int32 {
	l.key = appendKey(l.key[:0], dn)
	if id, ok := l.keys[string(l.key)]; ok {
		return id
	}
	return l.ref(string(l.key), l.memberName(line, dn), false)
}

// partly warns when a server gave a part of the members only ("member;range=0-1499").
func (l *ldifFile) partly(e *entry, line ldifLine) {
	for _, option := range line.options {
		if bounds, ok := strings.CutPrefix(option, "range="); ok && !strings.HasSuffix(bounds, "-*") && !e.skip {
			l.count(line.line, "the server gave the members of a group in parts: check that the file has all of them")
		}
	}
}

// withoutUID cuts the optional bit string from a unique member: "cn=a#'01'B".
func withoutUID(value string) string {
	if at := strings.LastIndex(value, "#'"); at > 0 && strings.HasSuffix(value, "'B") {
		return value[:at]
	}
	return value
}

// memberName is what a member is called that no entry describes: the user name when its DN holds it, else the DN.
func (l *ldifFile) memberName(line int, dn string) string {
	if parts, ok := parseDN(dn); ok && l.namesUser(parts[0].attribute) {
		return l.opts.UserPrefix + l.text(line, parts[0].value)
	}
	return l.text(line, dn)
}

func (l *ldifFile) namesUser(attribute string) bool {
	if option := l.opts.UserName; option != "" {
		return strings.EqualFold(option, attribute)
	}
	return attribute == "uid" || attribute == "mail" || attribute == "userprincipalname"
}

// groupName is what a group is called that no entry describes.
func (l *ldifFile) groupName(line int, dn string) string {
	option := l.opts.GroupName
	parts, ok := parseDN(dn)
	if ok && (option == "" || strings.EqualFold(option, parts[0].attribute)) {
		return l.opts.GroupPrefix + l.text(line, parts[0].value)
	}
	if !strings.EqualFold(option, "dn") {
		l.count(line, "groups are named by DN where the file has no entry of them with the attribute that names groups")
	}
	return l.opts.GroupPrefix + l.text(line, dn)
}

// finish takes in the entry that was read.
func (l *ldifFile) finish() {
	e := l.entry
	l.entry = nil
	switch {
	case e == nil || e.skip || l.err != nil:
	case e.members && len(e.classes) == 0 || e.is("groupofnames", "groupofuniquenames", "groupofmembers", "posixgroup", "group", "groupofurls",
		"groupofentries", "ipausergroup", "nestedgroup"):
		l.finishGroup(e)
	case e.is("person", "inetorgperson", "organizationalperson", "user", "posixaccount", "account", "computer"),
		len(e.classes) == 0 && l.userName(e) != "":
		l.finishUser(e)
	}
}

func (e *entry) is(classes ...string) bool {
	return slices.ContainsFunc(classes, func(c string) bool { return slices.Contains(e.classes, c) })
}

func (l *ldifFile) finishGroup(e *entry) {
	name := e.dn
	if option := strings.ToLower(l.opts.GroupName); option != "dn" {
		if option == "" {
			option = "cn"
		}
		if name = e.values[option]; name == "" {
			name = e.dn
			if parts, ok := parseDN(e.dn); ok {
				name = parts[0].value
			}
			l.warn(e.line, "the group %s has no attribute %s: it is named by the first part of its DN", quote(e.dn), option)
		}
	}
	id, known := l.groupNamed(e.line, name)
	if known {
		l.warn(e.line, "another group is named %s too: their members are taken together", quote(name))
	}
	l.define(keyOfDN(e.dn), id)
	if sid := e.values["objectsid"]; sid != "" {
		l.define("sid:"+hex.EncodeToString([]byte(sid)), id)
	}
	if gid := e.values["gidnumber"]; gid != "" {
		l.define("gid:"+gid, id)
	}
}

// userName is the attribute that names the user; "" when the entry has none.
func (l *ldifFile) userName(e *entry) string {
	if option := strings.ToLower(l.opts.UserName); option == "dn" {
		return e.dn
	} else if option != "" {
		return e.values[option]
	}
	for _, attribute := range []string{"userprincipalname", "mail", "uid", "samaccountname", "cn"} {
		if value := e.values[attribute]; value != "" {
			return value
		}
	}
	return ""
}

func (l *ldifFile) finishUser(e *entry) {
	name := l.userName(e)
	if name == "" {
		name = e.dn
		l.warn(e.line, "the entry %s has no attribute that names the user: it is named by its DN", quote(e.dn))
	}
	id, known := l.userNamed(e.line, name)
	if known {
		l.warn(e.line, "another entry has the user name %s too: they are taken for one", quote(name))
	}
	if l.err != nil {
		return
	}
	if e.is("computer") {
		l.nodes[id].kind = Machine
	}
	display := e.values["displayname"]
	if display == "" {
		display = e.values["cn"]
	}
	l.describe(id, l.text(e.line, display), e.status())
	l.define(keyOfDN(e.dn), id)
	if uid := l.text(e.line, e.values["uid"]); uid != "" {
		l.define("uid:"+uid, id)
	}
	if key := e.primaryGroup(); key != "" {
		l.pending = append(l.pending, pendingMembership{key, id})
	}
	if gid := e.values["gidnumber"]; gid != "" {
		l.pending = append(l.pending, pendingMembership{"gid:" + gid, id})
	}
}

// status reads whether the account is disabled, as Active Directory, 389, FreeIPA, eDirectory and OpenLDAP write it.
func (e *entry) status() state {
	const accountDisable = 0x2
	if control, err := strconv.ParseInt(e.values["useraccountcontrol"], 10, 64); err == nil {
		if control&accountDisable != 0 {
			return inactive
		}
		return active
	}
	for _, lock := range []string{"nsaccountlock", "logindisabled"} {
		if strings.EqualFold(e.values[lock], "true") {
			return inactive
		}
	}
	if e.values["pwdaccountlockedtime"] == "000001010000Z" { // for good; other times pass
		return inactive
	}
	return unsaid
}

// primaryGroup is the key of the primary group in Active Directory, which has the user's SID but for the last number.
func (e *entry) primaryGroup() string {
	sid := e.values["objectsid"]
	rid, err := strconv.ParseUint(e.values["primarygroupid"], 10, 32)
	if err != nil || len(sid) < 12 {
		return ""
	}
	last := []byte{byte(rid), byte(rid >> 8), byte(rid >> 16), byte(rid >> 24)}
	return "sid:" + hex.EncodeToString([]byte(sid[:len(sid)-4])) + hex.EncodeToString(last)
}

// joinPrimary puts users into their primary groups, where the file has them.
func (l *ldifFile) joinPrimary() {
	for _, p := range l.pending {
		if group, ok := l.keys[p.group]; ok {
			l.join(group, p.member)
		}
	}
}
