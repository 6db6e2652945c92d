package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/plimsoll-io/plimsoll/internal/jsonscan"
)

// The scanner accepts what encoding/json accepts, and strings mean the same.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{`-0.1e+7`, `01`, `1.`, `"\ud83d\ude00\ud800"`, "\"\xff\xc0\x80\"", `[1,]`,
		`{"a":1,}`, `[[[]]]`, `"\u12g4"`, `tru`, "\"\x7f\"", `{,}`, "", " \n", `{"a":{"b":[1,-2.5e3,"c\n",true,false,null]},"d":"é"}`,
		`{"kind":"Event","user":{"username":"a","groups":["b"]},"code":200}`, `{"a":"b`, "{\"a\":\"\x01\"}", `{"a"}`, `{"a":1 2}`, `nul`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s jsonscan.Scanner
		s.Reset(text)
		s.Skip()
		valid := s.Failed == "" && s.Peek() == 0 && s.Pos == len(text)
		if valid != json.Valid(text) {
			t.Fatalf("accepted %v, encoding/json %v", valid, !valid)
		}
		if valid && jsonscan.Check(text) != "" {
			t.Fatal("Check sees it otherwise")
		}
		var want string
		trimmed := bytes.TrimSpace(text)
		if !valid || len(trimmed) == 0 || trimmed[0] != '"' || json.Unmarshal(text, &want) != nil {
			return
		}
		s.Reset(trimmed)
		raw, plain := s.Text()
		if got := string(jsonscan.Unescape(nil, raw)); got != want || plain && string(raw) != want {
			t.Fatalf("read %q, want %q", got, want)
		}
	})
}
