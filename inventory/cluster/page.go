package cluster

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// builtinPage reads a page of a built-in kind, as protobuf where offered, and gives its items JSON's shape.
func (r *reader) builtinPage(ctx context.Context, res resource, namespace string, o metav1.ListOptions) ([]map[string]any, string, error) {
	request := r.builtin.Get()
	if res.Group == "" {
		request = request.AbsPath("/api", res.Version)
	} else {
		request = request.AbsPath("/apis", res.Group, res.Version)
	}
	if namespace != "" {
		request = request.Namespace(namespace)
	}
	page, err := request.Resource(res.Resource).
		SpecificallyVersionedParams(&o, scheme.ParameterCodec, schema.GroupVersion{Version: "v1"}).Do(ctx).Get()
	if err != nil {
		return nil, "", err
	}
	head, err := meta.ListAccessor(page)
	if err != nil {
		return nil, "", fmt.Errorf("read list of %s: %w", res.Resource, err)
	}
	items := make([]map[string]any, 0, meta.LenList(page))
	err = meta.EachListItem(page, func(item runtime.Object) error {
		if m, ok := item.(metav1.Object); ok {
			m.SetManagedFields(nil) // before it costs a conversion
		}
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(item)
		items = append(items, content)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("convert list of %s: %w", res.Resource, err)
	}
	return items, head.GetContinue(), nil
}

// customPage reads a page of any other kind as JSON.
func (r *reader) customPage(ctx context.Context, res resource, namespace string, o metav1.ListOptions) ([]map[string]any, string, error) {
	page, err := r.custom.Resource(res.GroupVersionResource).Namespace(namespace).List(ctx, o)
	if err != nil {
		return nil, "", err
	}
	items := make([]map[string]any, len(page.Items))
	for i, item := range page.Items {
		items[i] = item.Object
	}
	return items, page.GetContinue(), nil
}
