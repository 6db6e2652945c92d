package identity

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readCSV reads a table with a header: one row a membership, or one row a user with all groups, or one row a group
// with all members.
func (f *file) readCSV(in *bufio.Reader) error {
	skipped, err := skipTypeLine(in)
	if err != nil {
		return err
	}
	limited := &meter{in: in, left: maxLine}
	reader := csv.NewReader(limited)
	reader.FieldsPerRecord = -1
	reader.ReuseRecord = true
	reader.Comma = separator(in)
	header, err := reader.Read()
	if err != nil {
		return csvError(err, skipped, 1+skipped)
	}
	table, err := f.columns(1+skipped, header)
	if err != nil {
		return err
	}
	for line := 1 + skipped; f.err == nil; {
		limited.left = maxLine
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err, skipped, line+1)
		}
		line, _ = reader.FieldPos(0)
		line += skipped
		if err := table.check(row); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		f.row(line, table, row)
	}
	return f.err
}

// skipTypeLine passes over the line "#TYPE …" that PowerShell writes first, and over other comments.
func skipTypeLine(in *bufio.Reader) (lines int, err error) {
	for {
		if start, _ := in.Peek(1); len(start) == 0 || start[0] != '#' {
			return lines, nil // an error comes back with the next read
		}
		if _, err := in.ReadSlice('\n'); errors.Is(err, bufio.ErrBufferFull) {
			return lines, fmt.Errorf("line %d: the comment is too long", lines+1)
		}
		lines++
	}
}

// separator is what the header is divided by: a comma, or what spreadsheets write in its place.
func separator(in *bufio.Reader) rune {
	start, _ := in.Peek(lookInto)
	line, _, _ := strings.Cut(string(start), "\n")
	best := ','
	for _, r := range ";\t" {
		if strings.Count(line, string(r)) > strings.Count(line, string(best)) {
			best = r
		}
	}
	return best
}

// csvError says in which line the text stops being a table. It quotes nothing of it.
func csvError(err error, skipped, line int) error {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, errTooLong):
		return fmt.Errorf("line %d: a row is longer than %d MiB", line, maxLine>>20)
	case errors.As(err, &bad):
		return fmt.Errorf("line %d: the quotation marks are wrong: %w", bad.Line+skipped, bad.Err)
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	}
	return err
}

// A table says which column is what; -1 for none.
type table struct {
	group, user, name, status, kind int
	statusInverted                  bool // the column says "disabled"
	manyUsers                       bool // a cell holds many members
	width                           int
}

// The usual names of columns, without letter case and signs. The first that is there is taken.
var (
	groupColumns = [...]string{"group", "groups", "groupname", "groupnames", "groupdisplayname", "groupemail", "memberof", "team", "teams"}
	userColumns  = [...]string{
		"user", "username", "useremail", "member", "members", "memberemail", "email", "mail", "emailaddress", "userprincipalname", "upn",
		"login", "loginname", "uid", "userid", "samaccountname", "account", "principal",
	}
	nameColumns   = [...]string{"displayname", "fullname", "name", "membername", "userdisplayname"}
	statusColumns = [...]string{"active", "status", "enabled", "accountenabled", "accountstatus", "memberstatus", "state", "isactive"}
	deniedColumns = [...]string{"disabled", "suspended", "inactive", "locked", "accountdisabled", "isdisabled"}
	kindColumns   = [...]string{"type", "membertype", "objecttype", "objectclass"}
)

// columns finds the columns by their names.
func (f *file) columns(line int, header []string) (table, error) {
	plain := make([]string, len(header))
	for i, h := range header {
		plain[i] = plainColumn(h)
	}
	t := table{
		group: find(plain, groupColumns[:]), user: find(plain, userColumns[:]), name: find(plain, nameColumns[:]),
		status: find(plain, statusColumns[:]), kind: find(plain, kindColumns[:]), width: len(header),
	}
	if t.status < 0 {
		t.status = find(plain, deniedColumns[:])
		t.statusInverted = t.status >= 0
	}
	chosenGroup := f.choose(line, plain, f.opts.GroupName, "group", &t.group)
	chosenUser := f.choose(line, plain, f.opts.UserName, "user", &t.user)
	if t.user < 0 || t.group < 0 {
		return t, missingColumns(line, t)
	}
	t.manyUsers = plain[t.user] == "members"
	if !chosenUser {
		f.ambiguous(line, plain, userColumns[:], t.user, "user")
	}
	if !chosenGroup {
		f.ambiguous(line, plain, groupColumns[:], t.group, "group")
	}
	return t, nil
}

func missingColumns(line int, t table) error {
	var missing []string
	if t.group < 0 {
		missing = append(missing, "a group (group, groups, memberOf, team)")
	}
	if t.user < 0 {
		missing = append(missing, "a user (user, member, email, login)")
	}
	return fmt.Errorf("line %d: as a CSV header, which is what a file is that is neither LDIF nor JSON, it has no column of %s",
		line, strings.Join(missing, " and none of "))
}

// plainColumn is the name of a column without letter case, spaces and signs.
func plainColumn(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-./\t\r\"", r) {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(name)))
}

func find(plain, names []string) int {
	for _, name := range names {
		if i := slices.Index(plain, name); i >= 0 {
			return i
		}
	}
	return -1
}

// choose takes the column that the options name, or another name of it.
func (f *file) choose(line int, plain []string, option, what string, column *int) bool {
	if option == "" {
		return false
	}
	names := []string{plainColumn(option)}
	if what == "user" {
		names = append(names, otherNames(plainColumn(option))...)
	}
	if i := find(plain, names); i >= 0 {
		*column = i
		return true
	}
	if *column >= 0 {
		f.warn(line, "no column is named %s: the %s names are taken from column %d", quote(option), what, *column+1)
	}
	return true
}

// otherNames are other usual names of an attribute.
func otherNames(attribute string) []string {
	for _, same := range [...][]string{
		{"mail", "email", "emailaddress", "useremail", "memberemail"}, {"username", "user", "login", "loginname", "member"},
		{"userprincipalname", "upn"}, {"uid", "userid"},
	} {
		if slices.Contains(same, attribute) {
			return same
		}
	}
	return nil
}

// ambiguous warns when another column could hold the names as well.
func (f *file) ambiguous(line int, plain, names []string, taken int, what string) {
	for i, name := range plain {
		if i != taken && slices.Contains(names, name) {
			f.warn(line, "columns %d and %d could both hold the %s names: column %d is taken", taken+1, i+1, what, taken+1)
			return
		}
	}
}

// check says whether the cells of a row stand under their columns.
func (t table) check(row []string) error {
	blank := len(row) == 1 && strings.TrimSpace(row[0]) == ""
	if len(row) <= max(t.group, t.user) && !blank {
		return fmt.Errorf("the row has %d columns, and the header has %d: the group or the user is missing", len(row), t.width)
	}
	for _, cell := range row[min(t.width, len(row)):] {
		if strings.TrimSpace(cell) != "" {
			return fmt.Errorf("the row has %d columns, and the header has %d: is a comma not quoted?", len(row), t.width)
		}
	}
	return nil
}

func cell(row []string, i int) string {
	if i < 0 || i >= len(row) {
		return ""
	}
	return strings.TrimSpace(row[i])
}

// row takes in one row.
func (f *file) row(line int, t table, row []string) {
	var groups, members []int32
	for name := range split(cell(row, t.group)) {
		group, _ := f.groupNamed(line, nameOfDN(name, f.opts.GroupName))
		groups = append(groups, group)
	}
	one := !t.manyUsers || !strings.ContainsAny(cell(row, t.user), ";|")
	switch user := cell(row, t.user); {
	case user == "":
	case one && strings.EqualFold(cell(row, t.kind), "group"):
		group, _ := f.groupNamed(line, nameOfDN(user, f.opts.GroupName))
		members = append(members, group)
	case one:
		id, _ := f.userNamed(line, nameOfDN(user, f.opts.UserName))
		f.describe(id, f.text(line, cell(row, t.name)), f.status(line, t, cell(row, t.status)))
		members = append(members, id)
	default:
		for name := range split(user) {
			id, _ := f.userNamed(line, nameOfDN(name, f.opts.UserName))
			members = append(members, id)
		}
	}
	for _, group := range groups {
		for _, member := range members {
			f.join(group, member)
		}
	}
}

// split yields the names of a cell: divided by ";" or, when it has none, by "|".
func split(cell string) func(yield func(string) bool) {
	by := "|"
	if strings.Contains(cell, ";") {
		by = ";"
	}
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(cell, by) {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

// status reads whether an account is active.
func (f *file) status(line int, t table, value string) state {
	yes, no := active, inactive
	if t.statusInverted {
		yes, no = no, yes
	}
	switch strings.ToLower(value) {
	case "":
		return unsaid
	case "true", "yes", "y", "1", "on":
		return yes
	case "false", "no", "n", "0", "off":
		return no
	case "active", "enabled":
		return active
	case "inactive", "disabled", "suspended", "deactivated", "deprovisioned", "terminated", "locked", "deleted", "archived", "blocked":
		return inactive
	}
	f.count(line, "the status of an account is a word that is not known: it is taken for active")
	return active
}
