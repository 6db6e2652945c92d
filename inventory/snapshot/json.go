package snapshot

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// appendJSON appends a JSON shape with its map keys sorted. Unlike encoding/json it keeps whole floats apart from
// integers (1.0 and 1), which expressions tell apart.
func appendJSON(out []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, v)
	case int64:
		return strconv.AppendInt(out, v, 10)
	case int:
		return strconv.AppendInt(out, int64(v), 10)
	case float64:
		return appendFloat(out, v)
	case string:
		return appendString(out, v)
	case []any:
		out = append(out, '[')
		for i, item := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, item)
		}
		return append(out, ']')
	case map[string]any:
		return appendMap(out, v)
	}
	panic(fmt.Sprintf("snapshot: an object holds a %T, which is no JSON shape", v))
}

func appendMap(out []byte, m map[string]any) []byte {
	if m == nil {
		return append(out, "null"...)
	}
	out = append(out, '{')
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, key), ':')
		out = appendJSON(out, m[key])
	}
	return append(out, '}')
}

func appendFloat(out []byte, f float64) []byte {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return append(out, text...)
}

// appendString quotes a string; most need no escape.
func appendString(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			text, err := json.Marshal(s)
			if err != nil {
				panic("snapshot: " + err.Error()) // every string has a JSON form
			}
			return append(out, text...)
		}
	}
	return append(append(append(out, '"'), s...), '"')
}
