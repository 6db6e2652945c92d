package identity

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// endless gives the same text again and again, up to a number of bytes.
type endless struct {
	text string
	left int
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) {
		c := copy(p[n:], e.text[e.at:])
		n += c
		e.at = (e.at + c) % len(e.text)
	}
	n = min(n, e.left)
	e.left -= n
	return n, nil
}

// TestLongLines gives every parser a line of a gigabyte: a clear error, and memory that the limit bounds.
func TestLongLines(t *testing.T) {
	const gigabyte = 1 << 30
	for _, c := range []struct{ name, start, text, want string }{
		{"csv header", "group,user,", "x", "line 1: a row is longer than 1 MiB"},
		{"csv field", "group,user\nops,jane\nops,\"", "x", "line 3: a row is longer than 1 MiB"},
		{"csv comment", "#TYPE ", "x", "line 1: the comment is too long"},
		{"blank", "", " ", "a row is longer than 1 MiB"},
		{"ldif value", "dn: cn=a\ncn: ", "x", `line 2: the value of "cn" is longer than 1 MiB`},
		{"ldif folded", "dn: cn=a\ncn: ", strings.Repeat("x", 75) + "\n ", `line 2: the value of "cn" is longer than 1 MiB`},
		{"ldif attribute", "dn: cn=a\n", "x", "line 2: it has no attribute and colon"},
		{"json string", `{"userName": "`, "x", "a value is longer than 64 MiB"},
		{"json key", `{"`, "x", "a value is longer than 64 MiB"},
		{"json spaces", `{"userName":"a"`, " ", "a value is longer than 64 MiB"},
		{"json depth", `{"a":`, "[", "it is not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := Read("f", io.MultiReader(strings.NewReader(c.start), &endless{text: strings.Repeat(c.text, 4096), left: gigabyte}), Options{})
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 640<<20 {
				t.Errorf("%d MiB were allocated", allocated>>20)
			}
		})
	}
}

// TestDroppedLine reads past a photograph of any size, which is not kept.
func TestDroppedLine(t *testing.T) {
	in := io.MultiReader(strings.NewReader("dn: uid=jane\nobjectClass: person\njpegPhoto:: "), &endless{text: "QUJD\n ", left: 20 << 20},
		strings.NewReader("\nuid: jane\n"))
	d, warnings, err := Read("f", in, Options{})
	if err != nil || len(warnings) > 0 || !d.HasUser("jane") {
		t.Error(d, warnings, err)
	}
}

// TestMemberships holds every format to the bound on memberships.
func TestMemberships(t *testing.T) {
	const many = 3000
	var table, ldif, scim, joined strings.Builder
	table.WriteString("group,user\n")
	ldif.WriteString("dn: cn=ops\nobjectClass: groupOfNames\ncn: ops\n")
	scim.WriteString(`{"displayName":"ops","members":[`)
	joined.WriteString("group,members\nops,")
	for i := range many {
		fmt.Fprintf(&table, "ops,u%d\n", i)
		fmt.Fprintf(&ldif, "member: uid=u%d\n", i)
		fmt.Fprintf(&scim, `{"value":"u%d"},`, i)
		fmt.Fprintf(&joined, "u%d;", i)
	}
	scim.WriteString(`{"value":"last"}]}`)
	for name, text := range map[string]string{"table": table.String(), "ldif": ldif.String(), "scim": scim.String(), "joined": joined.String()} {
		if _, _, err := Read(name, strings.NewReader(text), Options{MaxMemberships: 1000}); err == nil || !strings.Contains(err.Error(), "more than 1000") {
			t.Errorf("%s: %v", name, err)
		}
		d, _, err := Read(name, strings.NewReader(text), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if n := len(d.Members("ops")); n < many {
			t.Errorf("%s: %d members", name, n)
		}
	}
	if _, _, err := Read("f", strings.NewReader("group,user\nops,"+strings.Repeat("x", 5000)), Options{}); err == nil {
		t.Error("a name of 5000 bytes was taken")
	}
}

// TestDeepNesting follows a chain of 100,000 groups that ends where it starts.
func TestDeepNesting(t *testing.T) {
	const depth = 100_000
	var b strings.Builder
	b.WriteString("group,user,type\n")
	for i := range depth {
		fmt.Fprintf(&b, "g%d,g%d,group\n", i, (i+1)%depth)
	}
	b.WriteString("g0,jane,user\n")
	d, _, err := Read("f", strings.NewReader(b.String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(d.Groups("jane")); n != depth {
		t.Errorf("jane is in %d groups", n)
	}
	if people := d.Members("g77"); len(people) != 1 || people[0].User != "jane" {
		t.Errorf("members are %v", people)
	}
}

func TestEncodings(t *testing.T) {
	const text = "group;user\r\nops;jos\u00e9\r\n"
	utf16Text := func(little bool) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
			if little {
				b.Write([]byte{byte(u), byte(u >> 8)})
			} else {
				b.Write([]byte{byte(u >> 8), byte(u)})
			}
		}
		return b.String()
	}
	for name, encoded := range map[string]string{
		"utf-8": text, "with a mark": "\ufeff" + text, "utf-16le": utf16Text(true), "utf-16be": utf16Text(false),
	} {
		d, warnings, err := Read(name, strings.NewReader(encoded), Options{})
		if err != nil || len(warnings) > 0 || !d.HasUser("jos\u00e9") {
			t.Errorf("%s: %v %v", name, warnings, err)
		}
	}
	d, warnings, err := Read("latin-1", strings.NewReader("group,user\nops,jos\xe9\n"), Options{})
	if err != nil || len(warnings) == 0 || warnings[0].Line != 2 || !d.HasUser("jos\ufffd") {
		t.Errorf("latin-1: %v %v", warnings, err)
	}
}

// TestManyWarnings bounds the warnings.
func TestManyWarnings(t *testing.T) {
	d, warnings, err := Read("f", strings.NewReader("group,user\n"+strings.Repeat("ops,\xff\n", 5000)), Options{})
	if err != nil || len(warnings) > maxWarnings+1 || !strings.Contains(warnings[len(warnings)-1].Reason, "more warnings") {
		t.Error(len(warnings), err)
	}
	if len(d.Members("ops")) != 1 {
		t.Error(d.Members("ops"))
	}
}

func TestSecretNames(t *testing.T) {
	for _, name := range []string{"userPassword", "unicodePwd"} {
		if _, _, err := Read("f", strings.NewReader("dn: cn=a\n"), Options{UserName: name}); err == nil {
			t.Errorf("users are named by %s", name)
		}
	}
}

// TestTemplates asks for names that EKS makes of templates.
func TestTemplates(t *testing.T) {
	const entries = `{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/Admin", "kubernetesGroups": ["ops"]}}
{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/Nodes", "kubernetesGroups": ["system:nodes"],
	"username": "system:node:{{EC2PrivateDNSName}}", "type": "EC2_LINUX"}}
{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/Ci", "kubernetesGroups": ["ci"], "username": "ci-{{AccountID}}-{{SessionName}}"}}`
	d, warnings, err := Read("f", strings.NewReader(entries), Options{})
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	for user, want := range map[string]string{
		"arn:aws:sts::111122223333:assumed-role/Admin/jane@example.com": "ops",
		"arn:aws:sts::111122223333:assumed-role/Admin/a/b":              "",
		"arn:aws:sts::111122223333:assumed-role/Admin/":                 "",
		"arn:aws:sts::111122223333:assumed-role/Admins/jane":            "",
		"system:node:ip-10-0-0-1.eu-west-1.compute.internal":            "system:nodes",
		"system:node:a:b":          "",
		"ci-111122223333-build":    "ci",
		"ci-1111-build":            "",
		"xci-111122223333-build":   "",
		"ci-111122223333-build\nx": "",
	} {
		if got := strings.Join(d.Groups(user), " "); got != want {
			t.Errorf("%q is in %q, want %q", user, got, want)
		}
		if d.HasUser(user) != (want != "") {
			t.Errorf("has %q: %v", user, d.HasUser(user))
		}
	}
}

func TestAccounts(t *testing.T) {
	d, _ := FromInventory(inventoryOf(t, `apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data: {mapAccounts: "- '111122223333'\n- 012345678901"}
`))
	for user, want := range map[string]bool{
		"arn:aws:iam::111122223333:user/jane": true, "arn:aws:iam::012345678901:role/x": true, "arn:aws:iam::999999999999:user/jane": false, "jane": false,
		"": false,
	} {
		p, found := d.Find(user)
		if d.HasUser(user) != want || found != want || found && (p.Principal != user || !p.Active) {
			t.Errorf("%q: %v, %+v", user, d.HasUser(user), p)
		}
	}
}

// TestNil asks the empty directories.
func TestNil(t *testing.T) {
	for _, d := range []*Directory{nil, Merge(), Merge(nil, nil), Merge(&Directory{})} {
		if d.HasUser("a") || d.HasGroup("a") || d.Groups("a") != nil || d.Members("a") != nil || d.GroupNames() != nil || d.Outside() != nil ||
			d.Undescribed() != nil {
			t.Error("the empty directory is not empty")
		}
		if _, ok := d.Find("a"); ok {
			t.Error("the empty directory has a user")
		}
	}
}

// TestConcurrent asks and merges one directory from many goroutines; the race detector watches.
func TestConcurrent(t *testing.T) {
	d, _, err := Read("f", strings.NewReader("group,user,type\na,jane,\nb,a,group\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if m := Merge(d, d); len(m.Groups("jane")) != 2 || len(d.Members("b")) != 1 || !d.HasGroup("a") {
				t.Error("the answers differ")
			}
		})
	}
	group.Wait()
}
