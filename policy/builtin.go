package policy

import (
	"reflect"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// BuiltIn finds the built-in kind of a name, "Deployment", in the version of today.
func BuiltIn(kind string) (gvk schema.GroupVersionKind, ok bool) {
	e := builtin().byName[kind]
	if e == nil {
		return schema.GroupVersionKind{}, false
	}
	return e.gvk, true
}

// TypeOf is the Go type that an API server decodes objects of a built-in kind into, and that expressions see them in; nil
// for kinds that keep their JSON shape.
func TypeOf(gvk schema.GroupVersionKind) reflect.Type {
	e := find(gvk)
	if e == nil || e.decode == nil {
		return nil
	}
	return reflect.TypeOf(e.decode()).Elem()
}
