package lookalike

import (
	"testing"
	"unicode/utf8"
)

func TestOf(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"", ""},
		{"admin", ""},
		{"system:serviceaccount:kube-system:default", ""},
		{"arn:aws:iam::111122223333:role/Admin", ""},
		{"jane.o'hara+ops@example.com", ""},
		{"иван", ""},
		{"oidc:иван.петров@пример.рф", ""},
		{"yıldız@example.com", ""},
		{"José Müller", ""},
		{"Platform – Admins’ group", ""},
		{"γιώργος", ""},
		{"東京チーム", ""},
		{"東京team", ""},
		{"서울team", ""},
		{"नमस्ते", ""},
		{"\u0430dmin", "its letters are of the scripts Cyrillic and Latin in one word"},
		{"system:m\u0430sters", "its letters are of the scripts Cyrillic and Latin in one word"},
		{"ro\u03bft", "its letters are of the scripts Greek and Latin in one word"},
		{"\u0430\u03bfx", "its letters are of the scripts Cyrillic and Greek and Latin in one word"},
		{"a\u1401b", "its letters are of the scripts Latin and others in one word"},
		{"\u0430\u0441\u0435", "every letter of the script Cyrillic in it reads like a Latin one"},
		{"oidc:\u0430\u0441\u0435", "every letter of the script Cyrillic in it reads like a Latin one"},
		{"admin\u200b", "it has U+200B, which is invisible"},
		{"ad\u00admin", "it has U+00AD, which is invisible"},
		{"ad\ufe0fmin", "it has U+FE0F, which is invisible"},
		{"admin\u3164", "it has U+3164, which is invisible"},
		{"\u202enimda", "it has U+202E, which turns the direction of the text"},
		{"admin\x1b[2K", "it has U+001B, a control character"},
		{"admin\u00a0", "it has U+00A0, an unusual space"},
		{"\uff41dmin", "it has U+FF41, a styled form of an ASCII letter or digit"},
		{"\U0001d41admin", "it has U+1D41A, a styled form of an ASCII letter or digit"},
		{"\u24d0dmin", "it has U+24D0, a styled form of an ASCII letter or digit"},
		{"system\ua789masters", "it has U+A789, which reads like ':'"},
		{"a\ufffdb", "it has U+FFFD, which stands for broken text"},
		{"adm\xffin", "it is not valid UTF-8"},
	} {
		reason, suspicious := Of(c.name)
		if reason != c.want || suspicious != (c.want != "") {
			t.Errorf("Of(%+q) = %q, %v; want %q", c.name, reason, suspicious, c.want)
		}
	}
}

func TestPair(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"admin", "admin", false},
		{"admin", "Admin", false},
		{"admin", "admln", false},
		{"admin", "\u0430dmin", true},
		{"admin", "admin\u200b", true},
		{"admin", "adrnin", true},
		{"admin", "\uff41\uff44\uff4d\uff49\uff4e", true},
		{"system:masters", "system:m\u0430sters", true},
		{"system:masters", "system\ua789masters", true},
		{"team-1", "team-l", true},
		{"team-1", "team-I", true},
		{"r00t", "rOOt", true},
		{"jose", "jos\u00e9", false},
		{"jos\u00e9", "jose\u0301", true},
		{"ace", "\u0430\u0441\u0435", true},
		{"yildiz", "y\u0131ld\u0131z", true},
		{"kube-system", "kube\u2010system", true},
		{"a.b", "a-b", false},
	} {
		if got := Pair(c.a, c.b); got != c.want {
			t.Errorf("Pair(%+q, %+q) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// TestPrototypes holds the table to its promises: to ASCII, each character once, none that Unicode maps itself.
func TestPrototypes(t *testing.T) {
	seen := map[rune]bool{}
	for _, p := range prototypes {
		if p.to >= utf8.RuneSelf {
			t.Errorf("%q is not ASCII", p.to)
		}
		for _, r := range p.from {
			if r < utf8.RuneSelf || seen[r] {
				t.Errorf("%U reads like %q: ASCII, or there twice", r, p.to)
			}
			seen[r] = true
		}
	}
}

func FuzzOf(f *testing.F) {
	for _, seed := range []string{"admin", "\u0430dmin", "a\u200b", "\xff", "\u202e", "\ufdfa\ufb01", "e\u0301", "\U000e0041"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		reason, suspicious := Of(name)
		if (reason != "") != suspicious {
			t.Errorf("%+q: %q, %v", name, reason, suspicious)
		}
		if Pair(name, name) {
			t.Errorf("%+q pairs with itself", name)
		}
		if utf8.ValidString(name) && !Pair(name, name+"\u200b") {
			t.Errorf("%+q does not read like itself and an invisible character", name)
		}
	})
}
