package identity

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// seeds are the files in testdata that have one of these endings.
func seeds(f *testing.F, endings ...string) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatal("no test data", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if slices.Contains(endings, filepath.Ext(file.Name)) {
				f.Add(string(file.Data))
			}
		}
	}
}

func FuzzCSV(f *testing.F) {
	seeds(f, ".csv")
	f.Add("group,user,type\na,b,group\nb,a,group\na,\xff,\n")
	f.Fuzz(func(t *testing.T, text string) { checkRead(t, text, Options{UserPrefix: "u:"}) })
}

func FuzzLDIF(f *testing.F) {
	seeds(f, ".ldif", ".ldf")
	f.Add("dn: cn=a\nmember: cn=a\nmemberOf: cn=a\nmember: \nmember: ,=\n\ndn:\nmemberOf: x\nuid:\n \n")
	f.Fuzz(func(t *testing.T, text string) {
		checkRead(t, text, Options{})
		checkRead(t, "version: 1\n"+text, Options{UserName: "mail", GroupName: "dn"})
	})
}

func FuzzJSON(f *testing.F) {
	seeds(f, ".json")
	f.Add(`{"userName":"a","id":"1","groups":[{"value":"1"}]}{"displayName":"g","id":"1","members":[{"value":"1","type":"Group"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		checkRead(t, text, Options{GroupPrefix: "g:"})
		checkRead(t, "["+text+"]", Options{UserName: "mail"})
	})
}

func checkRead(t *testing.T, text string, opts Options) {
	if len(text) > 20_000 {
		return
	}
	d, warnings, err := Read("file", strings.NewReader(text), opts)
	if err != nil {
		if d != nil || !strings.HasPrefix(err.Error(), "read file: ") {
			t.Errorf("%v, %v", d, err)
		}
		return
	}
	checkDirectory(t, d, warnings)
}

// checkDirectory holds a directory to what is always so: both directions agree, nobody is without a name or a source,
// and merging changes nothing.
func checkDirectory(t *testing.T, d *Directory, warnings []Warning) {
	for _, w := range warnings {
		if w.Reason == "" || w.File == "" || w.Line < 0 || !utf8.ValidString(w.Reason) {
			t.Errorf("warning %+v", w)
		}
	}
	for i, group := range d.GroupNames() {
		if i > 20 {
			break
		}
		for _, p := range d.Members(group) {
			if p.Kind == "" || len(p.Sources) == 0 || !d.HasUser(p.User) || !slices.Contains(d.Groups(p.User), group) {
				t.Errorf("%+v in %q, whose groups are %q", p, group, d.Groups(p.User))
			}
		}
	}
	merged := Merge(d, nil)
	for what, pair := range map[string][2]any{
		"groups": {d.GroupNames(), merged.GroupNames()}, "outside": {d.Outside(), merged.Outside()},
		"undescribed": {d.Undescribed(), merged.Undescribed()}, "users": {sortedKeys(d.users), sortedKeys(merged.users)},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("merging changes %s: %s", what, diff)
		}
	}
	for i, group := range d.GroupNames() {
		if i > 20 {
			break
		}
		if diff := cmp.Diff(d.Members(group), merged.Members(group)); diff != "" {
			t.Errorf("merging changes the members of %q: %s", group, diff)
		}
	}
}

func FuzzAWSAuth(f *testing.F) {
	f.Add("- rolearn: arn:aws:iam::1:role/a\n  username: u\n  groups: [a, b]\n", "- {userarn: x}\n- 7\n- null", "- 012\n- &a [*a]\n")
	f.Add("- &a [*a, *a]", "x: &x [*x]\n<<: *x", "- {{EC2PrivateDNSName}}")
	f.Add("``", "\x00", "- \"{{a}}{{b}}\"")
	f.Fuzz(func(t *testing.T, roles, users, accounts string) {
		if len(roles)+len(users)+len(accounts) > 20_000 {
			return
		}
		o := &inventory.Object{
			Ref: finding.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "kube-system", Name: "aws-auth"},
			Content: map[string]any{"data": map[string]any{
				"mapRoles": roles, "mapUsers": users, "mapAccounts": accounts,
			}},
		}
		d, warnings := FromInventory(inventory.New(inventory.Source{}, time.Time{}, "", []*inventory.Object{o}, nil))
		checkDirectory(t, d, warnings)
	})
}

func FuzzDN(f *testing.F) {
	for _, seed := range []string{
		"cn=a,dc=b", `cn=a\, b+uid=c , DC=x`, `cn="a,b"`, `cn=\2C\ `, "cn=", "=a", "a", `cn=a\`, "2.5.4.3=#0401", "cn=a,,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dn string) {
		key := keyOfDN(dn)
		if key != keyOfAnyDN(dn) {
			t.Errorf("%q has the keys %q and %q", dn, key, keyOfAnyDN(dn))
		}
		if keyOfDN(" "+dn) != key && !strings.HasPrefix(dn, " ") {
			t.Errorf("%q has the key %q, and with a space before it %q", dn, key, keyOfDN(" "+dn))
		}
		nameOfDN(dn, "")
	})
}

// TestDN compares ways to write one DN.
func TestDN(t *testing.T) {
	for _, same := range [][]string{
		{"cn=Ops,dc=example", "CN=ops, DC=Example", " cn = ops , dc = example ", `cn="ops",dc=example`},
		{`cn=a\,b,dc=x`, `cn=a\2cb,dc=x`, `cn="a,b",dc=x`},
		{"cn=a+uid=b,dc=x", "uid=b+cn=a,dc=x"},
		{"cn=Jane  Doe,dc=x", "cn=jane doe,dc=x"},
	} {
		for _, dn := range same {
			if keyOfDN(dn) != keyOfDN(same[0]) {
				t.Errorf("%q and %q have the keys %q and %q", dn, same[0], keyOfDN(dn), keyOfDN(same[0]))
			}
		}
	}
	for _, differ := range [][2]string{{`cn=a\,b=c`, "cn=a,b=c"}, {"cn=a", "cn=b"}, {"cn=a+uid=b", "cn=a,uid=b"}, {`cn=a\+uid=b`, "cn=a+uid=b"}} {
		if keyOfDN(differ[0]) == keyOfDN(differ[1]) {
			t.Errorf("%q and %q have one key", differ[0], differ[1])
		}
	}
}
