// Package apply is the only writer to a cluster. It applies objects on the server's side under a name of its own, and
// what it writes it has tried before: a Trial sends everything as a dry run and changes nothing, and only a Trial in
// which nothing went wrong can be written. It removes only what it owns, and can tell how to go back.
package apply

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/cluster"
)

// Manager is the field manager under which everything is written.
const Manager = "plimsoll"

// A Client writes to one cluster.
type Client struct {
	// Cluster names the cluster: the kubeconfig context.
	Cluster string

	dynamic   dynamic.Interface
	discovery discovery.DiscoveryInterface

	mu        sync.Mutex
	resources map[schema.GroupVersionKind]resource
}

// A resource is how the API server serves a kind.
type resource struct {
	gvr        schema.GroupVersionResource
	namespaced bool
}

// Connect prepares a client for the cluster that config chooses. It sends nothing.
func Connect(config cluster.Config) (*Client, error) {
	base, name, err := config.Connection()
	if err != nil {
		return nil, err
	}
	base = rest.CopyConfig(base)
	base.UserAgent = Manager
	base.QPS, base.Burst = 100, 200 // a whole catalogue is some hundred small requests, one after another
	base.WarningHandler = rest.NoWarnings{}
	client, err := rest.HTTPClientFor(base)
	if err != nil {
		return nil, fmt.Errorf("prepare connection: %w", err)
	}
	return newClient(base, client, name)
}

func newClient(config *rest.Config, client *http.Client, name string) (*Client, error) {
	c := &Client{Cluster: name, resources: map[schema.GroupVersionKind]resource{}}
	var err error
	if c.dynamic, err = dynamic.NewForConfigAndClient(config, client); err != nil {
		return nil, fmt.Errorf("prepare client: %w", err)
	}
	if c.discovery, err = discovery.NewDiscoveryClientForConfigAndClient(config, client); err != nil {
		return nil, fmt.Errorf("prepare discovery: %w", err)
	}
	return c, nil
}

// List returns the objects of a kind, with the API server's record of who owns their fields, that carry the labels of a
// selector ("a=b"; "" is all of them).
func (c *Client) List(ctx context.Context, gvk schema.GroupVersionKind, selector string) ([]map[string]any, error) {
	r, err := c.resource(ctx, gvk)
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	options := metav1.ListOptions{LabelSelector: selector, Limit: 500}
	for {
		page, err := c.dynamic.Resource(r.gvr).List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", r.gvr.Resource, err)
		}
		for i := range page.Items {
			out = append(out, page.Items[i].Object)
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return out, nil
		}
	}
}

// Get returns one object, nil when it is not there.
func (c *Client) Get(ctx context.Context, gvk schema.GroupVersionKind, namespace, name string) (map[string]any, error) {
	content := map[string]any{
		"apiVersion": gvk.GroupVersion().String(), "kind": gvk.Kind, "metadata": map[string]any{"name": name, "namespace": namespace},
	}
	api, _, err := c.of(ctx, content)
	if err != nil {
		return nil, err
	}
	object, err := api.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", gvk.Kind, name, err)
	}
	return object.Object, nil
}

// Owns says whether an object's fields were written under Manager.
func Owns(content map[string]any) bool {
	for _, entry := range inventory.Maps(inventory.Map(content, "metadata")["managedFields"]) {
		if inventory.String(entry, "manager") == Manager && inventory.String(entry, "operation") == string(metav1.ManagedFieldsOperationApply) {
			return true
		}
	}
	return false
}

// resource asks the API server how it serves a kind, once.
func (c *Client) resource(ctx context.Context, gvk schema.GroupVersionKind) (resource, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, ok := c.resources[gvk]; ok {
		return r, nil
	}
	if err := ctx.Err(); err != nil {
		return resource{}, err
	}
	served, err := c.discovery.ServerResourcesForGroupVersion(gvk.GroupVersion().String())
	if err != nil {
		return resource{}, fmt.Errorf("ask for %s: %w", gvk.GroupVersion(), err)
	}
	for _, r := range served.APIResources {
		if r.Kind == gvk.Kind && !strings.Contains(r.Name, "/") {
			c.resources[gvk] = resource{gvk.GroupVersion().WithResource(r.Name), r.Namespaced}
			return c.resources[gvk], nil
		}
	}
	return resource{}, fmt.Errorf("the API server serves no %s of %s", gvk.Kind, gvk.GroupVersion())
}

// of is the client for one object's kind and namespace.
func (c *Client) of(ctx context.Context, content map[string]any) (dynamic.ResourceInterface, *unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{Object: content}
	r, err := c.resource(ctx, object.GroupVersionKind())
	if err != nil {
		return nil, nil, err
	}
	if !r.namespaced {
		return c.dynamic.Resource(r.gvr), object, nil
	}
	if object.GetNamespace() == "" {
		return nil, nil, fmt.Errorf("%s %s names no namespace", object.GetKind(), object.GetName())
	}
	return c.dynamic.Resource(r.gvr).Namespace(object.GetNamespace()), object, nil
}
