package kyverno

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A class is the sort of a JSON value.
type class int

const (
	unknown class = iota
	object
	list
	text
	integer
	double
	boolean
	integerOrText
)

// A shape is what is known of the type of a value: the Go types that an API server decodes it into, one for each kind that
// a rule looks at. It is empty where nothing is known.
type shape []reflect.Type

// class is the sort that values of all the types have.
func (s shape) class() class {
	if len(s) == 0 {
		return unknown
	}
	c := classOf(s[0])
	for _, t := range s[1:] {
		if classOf(t) != c {
			return unknown
		}
	}
	return c
}

var (
	quantityType = reflect.TypeFor[resource.Quantity]()
	intstrType   = reflect.TypeFor[intstr.IntOrString]()
	marshaler    = reflect.TypeFor[json.Marshaler]()
)

func classOf(t reflect.Type) class {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == intstrType:
		return integerOrText
	case t == quantityType:
		return text
	case t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler):
		return unknown // times are texts or null
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return object
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return text
		}
		return list
	case reflect.String:
		return text
	case reflect.Bool:
		return boolean
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return integer
	case reflect.Float32, reflect.Float64:
		return double
	}
	return unknown
}

// A presence says when an object has a field.
type presence int

const (
	perhaps  presence = iota // it may be missing, and where nothing is known of the type also be null
	filled                   // it is there, and not null
	nullable                 // it is there, and may be null
)

// field is the shape of a field of an object, and when it is there.
func (s shape) field(name string) (shape, presence) {
	var out shape
	there := perhaps
	for i, t := range s {
		f, p := fieldOf(t, name)
		if f == nil {
			return nil, perhaps
		}
		out = append(out, f)
		if i > 0 && p != there {
			p = perhaps
		}
		there = p
	}
	return out, there
}

// item is the shape of a list's items.
func (s shape) item() shape {
	var out shape
	for _, t := range s {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
			return nil
		}
		if !slices.Contains(out, t.Elem()) {
			out = append(out, t.Elem())
		}
	}
	return out
}

func fieldOf(t reflect.Type, name string) (reflect.Type, presence) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Map:
		return t.Elem(), perhaps
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if tag == "" && f.Anonymous {
				if inner, p := fieldOf(f.Type, name); inner != nil {
					return inner, p
				}
				continue
			}
			if tag == name {
				return f.Type, presenceOf(f.Type, options)
			}
		}
	}
	return nil, perhaps
}

func presenceOf(t reflect.Type, options string) presence {
	omitted := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
	switch t.Kind() {
	case reflect.Struct:
		if strings.Contains(options, "omitzero") || reflect.PointerTo(t).Implements(marshaler) || t.Implements(marshaler) {
			return perhaps
		}
		return filled
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		if omitted {
			return perhaps
		}
		return nullable
	}
	if omitted {
		return perhaps
	}
	return filled
}
