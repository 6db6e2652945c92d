package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A list is what came of reading one resource: objects, and gaps where something was refused.
type list struct {
	objects []*inventory.Object
	gaps    []inventory.Gap
}

// restarts bounds how often a list starts anew because its continue token expired.
const restarts = 3

// read reads one resource, in every namespace that was asked for.
func (r *reader) read(ctx context.Context, res resource) list {
	if !res.namespaced || len(r.config.Namespaces) == 0 {
		all := r.readIn(ctx, res, "")
		if res.Group == "" && res.kind == "Namespace" && len(all.gaps) > 0 {
			all.objects = append(all.objects, r.getNamespaces(ctx, res)...)
		}
		return all
	}
	var all list
	for _, namespace := range r.config.Namespaces {
		one := r.readIn(ctx, res, namespace)
		all.objects = append(all.objects, one.objects...)
		all.gaps = append(all.gaps, one.gaps...)
	}
	return all
}

// readIn reads one list page by page. What was read before a failure is kept: a gap never hides a finding.
func (r *reader) readIn(ctx context.Context, res resource, namespace string) list {
	var out list
	token := ""
	for begun := 0; ; {
		items, next, err := r.page(ctx, res, namespace, token)
		if apierrors.IsResourceExpired(err) && token != "" && begun < restarts {
			begun++
			token, out.objects = "", nil
			continue
		}
		if err != nil {
			out.gaps = append(out.gaps, r.gap(ctx, res, namespace, len(out.objects), err))
			return out
		}
		for _, item := range items {
			out.objects = append(out.objects, r.object(res, item))
		}
		if token = next; token == "" {
			return out
		}
	}
}

// page asks for one page within the time that one request may take.
func (r *reader) page(ctx context.Context, res resource, namespace, token string) ([]map[string]any, string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.RequestTimeout)
	defer cancel()
	options := metav1.ListOptions{Limit: r.config.PageSize, Continue: token}
	if res.builtin && r.protobuf {
		return r.builtinPage(ctx, res, namespace, options)
	}
	return r.customPage(ctx, res, namespace, options)
}

// object redacts an item as it arrives and wraps it.
func (r *reader) object(res resource, content map[string]any) *inventory.Object {
	content["apiVersion"], content["kind"] = res.GroupVersion().String(), res.kind
	delete(inventory.Map(content, "metadata"), "managedFields")
	r.config.Redact(content)
	return &inventory.Object{Content: content, Ref: finding.Ref{
		APIVersion: res.GroupVersion().String(), Kind: res.kind,
		Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
	}}
}

// getNamespaces reads the named namespaces one by one, for a user who may not list them all. The gap stays: the
// others are unknown.
func (r *reader) getNamespaces(ctx context.Context, res resource) []*inventory.Object {
	var out []*inventory.Object
	for _, name := range r.config.Namespaces {
		ctx, cancel := context.WithTimeout(ctx, r.config.RequestTimeout)
		got, err := r.custom.Resource(res.GroupVersionResource).Get(ctx, name, metav1.GetOptions{})
		cancel()
		if err == nil {
			out = append(out, r.object(res, got.Object))
		}
	}
	return out
}

// gap says what a failed request leaves unread.
func (r *reader) gap(ctx context.Context, res resource, namespace string, read int, err error) inventory.Gap {
	reason := r.reason(ctx, res, err)
	if read > 0 {
		reason = fmt.Sprintf("only the first %d were read: %s", read, reason)
	}
	return inventory.Gap{Kind: res.kind, Group: res.Group, Namespace: namespace, Reason: reason}
}

func (r *reader) reason(ctx context.Context, res resource, err error) string {
	var status apierrors.APIStatus
	switch {
	case ctx.Err() != nil:
		return fmt.Sprintf("reading the cluster took longer than %v", r.config.Timeout)
	case errors.Is(err, context.DeadlineExceeded) || apierrors.IsTimeout(err):
		return fmt.Sprintf("listing %s took longer than %v", res.GroupResource(), r.config.RequestTimeout)
	case apierrors.IsResourceExpired(err):
		return fmt.Sprintf("the list of %s expired %d times while it was read", res.GroupResource(), restarts+1)
	case errors.As(err, &status) && status.Status().Code == http.StatusNotFound:
		return fmt.Sprintf("the API server no longer serves %s", res.GroupResource())
	}
	return sentence(err.Error())
}

// sentence makes one line without a final dot of an error from outside.
func sentence(s string) string {
	return strings.TrimRight(strings.Join(strings.Fields(s), " "), ".")
}
