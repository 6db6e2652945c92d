package yamlpath

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The tags that decide how a scalar is read (https://yaml.org/type/).
const (
	nullTag   = "!!null"
	boolTag   = "!!bool"
	intTag    = "!!int"
	floatTag  = "!!float"
	strTag    = "!!str"
	binaryTag = "!!binary"
	mergeTag  = "!!merge"
)

const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// scalar converts a scalar to its JSON shape.
func (d *Decoder) scalar(n *yaml.Node) (any, error) {
	v, err := d.resolve(n)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return d.share(v), nil
	case uint64:
		return float64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, d.errorf(n, "not-a-number and infinity have no JSON form")
		}
		// Kubernetes goes over JSON text, where a whole number has no fraction.
		if v == math.Trunc(v) {
			if i, err := strconv.ParseInt(strconv.FormatFloat(v, 'f', -1, 64), 10, 64); err == nil {
				return i, nil
			}
		}
	}
	return v, nil
}

// key converts a field name: other scalars become text, as Kubernetes does it ("on:" becomes "true").
func (d *Decoder) key(n *yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return "", d.errorf(n, "a map or a list cannot be a key")
	}
	v, err := d.resolve(n)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return d.share(v).(string), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return floatKey(v), nil
	}
	return "", d.errorf(n, "this value cannot be a key")
}

// floatKey writes a number as a key in the precision that Kubernetes' YAML library uses.
func floatKey(f float64) string {
	switch s := strconv.FormatFloat(f, 'g', -1, 32); s {
	case "+Inf":
		return ".inf"
	case "-Inf":
		return "-.inf"
	case "NaN":
		return ".nan"
	default:
		return s
	}
}

// resolve finds what a scalar means: nil, bool, int64, uint64 (too large for int64), float64 or string.
func (d *Decoder) resolve(n *yaml.Node) (any, error) {
	tag := ""
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		tag = n.ShortTag()
	case n.Style&quoted != 0:
		return n.Value, nil
	}
	switch tag {
	case "":
		return plain(n.Value), nil
	case nullTag, boolTag, intTag, floatTag:
	case binaryTag:
		data, err := base64.StdEncoding.DecodeString(n.Value)
		if err != nil {
			return nil, d.errorf(n, "a !!binary value is not base64")
		}
		return string([]rune(string(data))), nil // bytes that are no UTF-8 cannot be in JSON
	default:
		return n.Value, nil // text, a timestamp or somebody's own type
	}
	v := plain(n.Value)
	if tag == floatTag {
		if i, ok := v.(int64); ok {
			return float64(i), nil
		}
	}
	if tagOf(v) != tag {
		return nil, d.errorf(n, "a value tagged %s is none", tag)
	}
	return v, nil
}

func tagOf(v any) string {
	switch v.(type) {
	case nil:
		return nullTag
	case bool:
		return boolTag
	case int64, uint64:
		return intTag
	case float64:
		return floatTag
	}
	return strTag
}

// plain reads an unquoted scalar by the rules of YAML 1.1. Timestamps stay text.
func plain(s string) any {
	if s == "" {
		return nil
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '+', c == '-':
		return number(s)
	case c == '.':
		return pointFloat(s)
	case c == '~' && len(s) == 1:
		return nil
	}
	if len(s) > len("false") {
		return s
	}
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE":
		return true
	case "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE":
		return false
	case "null", "Null", "NULL":
		return nil
	}
	return s
}

// pointFloat reads a scalar that starts with a point.
func pointFloat(s string) any {
	switch s {
	case ".inf", ".Inf", ".INF":
		return math.Inf(1)
	case ".nan", ".NaN", ".NAN":
		return math.NaN()
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f
	}
	return s
}

// number reads a scalar that starts with a digit or a sign: decimal, octal (0644, 0o644), hexadecimal, binary, with
// underscores, or a float. Dates match none of these and stay text.
func number(s string) any {
	switch s {
	case "+.inf", "+.Inf", "+.INF":
		return math.Inf(1)
	case "-.inf", "-.Inf", "-.INF":
		return math.Inf(-1)
	}
	digits := s
	if strings.Contains(s, "_") {
		digits = strings.ReplaceAll(s, "_", "")
	}
	if i, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(digits, 0, 64); err == nil {
		return u
	}
	if isFloat(digits) {
		if f, err := strconv.ParseFloat(digits, 64); err == nil {
			return f
		}
	}
	return s
}

// isFloat says whether s has the form [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
func isFloat(s string) bool {
	i := sign(s)
	whole := digits(s[i:])
	i += whole
	if i < len(s) && s[i] == '.' {
		i++
		fraction := digits(s[i:])
		i += fraction
		whole += fraction
	}
	if whole == 0 {
		return false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		i += sign(s[i:])
		exponent := digits(s[i:])
		i += exponent
		if exponent == 0 {
			return false
		}
	}
	return i == len(s)
}

func sign(s string) int {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return 1
	}
	return 0
}

func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}
