package policy

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// decode turns the JSON shape of an object into what an API server hands to its policies: the Go type of a built-in
// kind, so that quantities, nulls, empty lists and unknown fields look to a policy as they do there. Kinds that are
// not built in keep their JSON shape.
//
// An error means that no API server would take the object: a field has the wrong type.
func decode(content map[string]any, gvk schema.GroupVersionKind) (runtime.Object, error) {
	e := find(gvk)
	if e == nil || e.decode == nil {
		return &unstructured.Unstructured{Object: content}, nil
	}
	obj := e.decode()
	if err := fromJSONShape(withBytes(content), obj); err != nil {
		return nil, fmt.Errorf("read %s: %w", gvk.Kind, err)
	}
	obj.GetObjectKind().SetGroupVersionKind(e.gvk)
	return obj, nil
}

// redacted starts what stands in the place of a secret in an inventory.
const redacted = "<redacted:"

// withBytes encodes what stands in the place of secret values, so that it decodes into the bytes of a Secret or
// ConfigMap. Other objects are returned as they are.
func withBytes(content map[string]any) map[string]any {
	for _, field := range []string{"data", "binaryData"} {
		values, _ := content[field].(map[string]any)
		if field == "data" && content["kind"] != "Secret" {
			continue
		}
		for _, v := range values {
			if s, ok := v.(string); ok && strings.HasPrefix(s, redacted) {
				content = maps.Clone(content)
				content[field] = encoded(values)
				break
			}
		}
	}
	return content
}

func encoded(values map[string]any) map[string]any {
	out := maps.Clone(values)
	for key, v := range values {
		if s, ok := v.(string); ok && strings.HasPrefix(s, redacted) {
			out[key] = base64.StdEncoding.EncodeToString([]byte(s))
		}
	}
	return out
}

// fromJSONShape fills obj. The converter panics on some shapes that no JSON decoder produces; they are errors too.
func fromJSONShape(content map[string]any, obj any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decode: %v", r)
		}
	}()
	return runtime.DefaultUnstructuredConverter.FromUnstructured(content, obj)
}

// decodeNamespace reads the namespace of an object; nil when it is not known.
func decodeNamespace(content map[string]any) (*corev1.Namespace, error) {
	if content == nil {
		return nil, nil
	}
	ns := &corev1.Namespace{}
	if err := fromJSONShape(content, ns); err != nil {
		return nil, fmt.Errorf("read namespace: %w", err)
	}
	return ns, nil
}

// decodeParams reads the parameter object; nil when there is none.
func decodeParams(content map[string]any) (runtime.Object, error) {
	if content == nil {
		return nil, nil
	}
	apiVersion, _ := content["apiVersion"].(string)
	kind, _ := content["kind"].(string)
	obj, err := decode(content, schema.FromAPIVersionAndKind(apiVersion, kind))
	if err != nil {
		return nil, fmt.Errorf("read parameters: %w", err)
	}
	return obj, nil
}

// withoutNulls copies a JSON shape without the map entries that are null, which decoding into a type drops as well.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			if item != nil {
				out[key] = withoutNulls(item)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = withoutNulls(item)
		}
		return out
	}
	return v
}
