package jsonshape_test

import (
	"reflect"
	"strings"
	"testing"

	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/plimsoll-io/plimsoll/internal/jsonshape"
)

// texts are valid and invalid JSON, with everything where decoders have been known to differ.
var texts = []string{
	``, ` `, `null`, ` true `, `false`, `nul`, `nullx`, `truefalse`, `"`, `"\"`, `"\\"`, `"\\\""`, `"a\u00e9\ud83d\ude00\ud800x"`, `"\x"`, `"\u12"`,
	"\"\xff\"", "\"\u00fc\u2028\"", "\"a\tb\"", "\"a\x00\"", "\"\x7f\"", `"\u0000\/\b\f\n\r\t"`, "\"\xed\xa0\x80\"", "\"\\\xff\"",
	`0`, `-0`, `-`, `01`, `-01`, `1.`, `.5`, `1.0`, `1.50`, `1e2`, `1E+2`, `1e-2`, `1e`, `1e+`, `-1.5e300`, `1e400`, `-1e400`, `1e-400`, `+1`, `0x1`, `1_0`,
	`9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `-9223372036854775809`, `NaN`, `Infinity`, `00`, `0.0`, `-0.0`, `1 2`,
	`{}`, `[]`, ` { } `, ` [ ] `, `[1,]`, `[,1]`, `[1 2]`, `[1`, `[`, `]`, `}`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":1 "b":2}`, `{1:2}`, `[}`, `{]`,
	`[[1}]`, `{"a":[}]`, `{"a":1,"a":{"b":2},"a":3}`, `{"a":{"x":1},"a":{"y":2}}`, `{"":""}`, `{"a\u0062":1,"ab":2}`, "{\"\xff\":1}", `[1]]`, `{}{}`, `{} x`,
	`{"a":{"b":[1,1.0,"1",true,null,{}]},"c":{"b":[1,1.0,"1",true,null,{}]}}`, `[[1],[1],[ 1 ],[1.0],["1"]]`, `[{"a":1},{"a":1},{"a":2}]`, `["]","[","{\"}"]`,
	"\ufeff{}", "{\"a\":\n\t\r 1}", "\v1", `[true,false,null,tru]`, `[nulL]`, `{"a":"` + strings.Repeat("x", 200) + `","b":"` + strings.Repeat("x", 200) + `"}`,
}

// check compares with the library: the same verdict, the same value.
func check(t *testing.T, d *jsonshape.Decoder, text string) {
	t.Helper()
	var want any
	wantErr := kjson.Unmarshal([]byte(text), &want)
	data := []byte(text)
	got, err := d.Decode(data)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%.200q: got error %v, the library says %v", text, err, wantErr)
	}
	clear(data) // values do not refer to the text
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%.200q: got %#v, the library says %#v", text, got, want)
	}
}

func TestDecodesAsTheLibrary(t *testing.T) {
	d := jsonshape.NewDecoder()
	for _, text := range texts {
		check(t, d, text)
		check(t, d, "["+text+","+text+"]")
		check(t, d, `{"a":`+text+`,"b":[`+text+`]}`)
	}
}

func TestDepth(t *testing.T) {
	d := jsonshape.NewDecoder()
	for _, n := range []int{15, 16, 17, 9_999, 10_000, 10_001} {
		check(t, d, strings.Repeat("[", n)+strings.Repeat("]", n))
		check(t, d, strings.Repeat(`{"a":`, n)+"1"+strings.Repeat("}", n))
	}
	if err := d.Reset([]byte("[[]]")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Value(0, 9_999); err == nil {
		t.Error("the depth around a value does not count")
	}
}

func TestValueSharesWithinItsText(t *testing.T) {
	d := jsonshape.NewDecoder()
	text := `{"a":{"x":[1]}} {"b":{"x":[1]}}`
	if err := d.Reset([]byte(text)); err != nil {
		t.Fatal(err)
	}
	one, end, err := d.Value(0, 0)
	if err != nil || end != strings.IndexByte(text, ' ') {
		t.Fatalf("got %v, %d, %v", one, end, err)
	}
	two, end, err := d.Value(end+1, 0)
	if err != nil || end != len(text) {
		t.Fatalf("got %v, %d, %v", two, end, err)
	}
	a, b := one.(map[string]any)["a"], two.(map[string]any)["b"]
	if reflect.ValueOf(a).Pointer() != reflect.ValueOf(b).Pointer() {
		t.Error("equal parts are two")
	}
	same, _, err := d.Value(0, 0)
	if err != nil || reflect.ValueOf(same).Pointer() == reflect.ValueOf(one).Pointer() {
		t.Errorf("the value itself is shared: %v", err)
	}
	if err := d.Reset([]byte(`{"a":{"x":[2]}}`)); err != nil {
		t.Fatal(err)
	}
	if other, _, err := d.Value(0, 0); err != nil || reflect.DeepEqual(other, one) {
		t.Errorf("got a part of the text before: %v, %v", other, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	d := jsonshape.NewDecoder() // one for all: what it remembers must not show
	f.Fuzz(func(t *testing.T, text string) {
		check(t, d, text)
		check(t, d, "["+text+","+text+"]") // the second half is shared
	})
}
