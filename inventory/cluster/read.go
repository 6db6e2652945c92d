// Package cluster reads an inventory from a live cluster: every object of the kinds that the controls need, and, as
// gaps, every list that could not be read. It only reads; its rights are listed in deploy/rbac.yaml.
//
// Lists are paged. Built-in kinds travel as protobuf where the API server offers it, which costs both ends less than
// JSON; custom resources travel as JSON. Secret values pass through Config.Redact before anything else sees them.
// Reading Secrets as metadata only would not need smaller rights: Kubernetes knows only one right to list them.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Config says which cluster to read, and how much of it. Only Redact must be set.
type Config struct {
	// Kubeconfig is a file; "" means what kubectl uses: $KUBECONFIG, else ~/.kube/config, else the in-cluster
	// service account. Context is "" for the current one.
	Kubeconfig, Context string
	// REST is used instead of Kubeconfig and Context when it is set.
	REST *rest.Config

	// Namespaces are the only ones to read, by lists within each, so that rights in these namespaces suffice.
	// Cluster-scoped kinds are read all the same. Empty means every namespace.
	Namespaces []string
	// Kinds are read besides DefaultKinds: custom resources that embed pod templates, for example.
	Kinds []schema.GroupKind
	// Only, when it is not empty, are all the kinds to read: those that one question needs.
	Only []schema.GroupKind
	// All reads every kind that the API server lists, but events and leases.
	All bool

	// Redact replaces the secret values in an object, in place, and returns how many it replaced. It must be safe
	// for concurrent use.
	Redact func(content map[string]any) int

	// RequestTimeout bounds one request, by default a minute; Timeout bounds the whole reading, by default ten
	// minutes. What is not read by then is a gap.
	RequestTimeout, Timeout time.Duration
	// Parallel is how many lists are read at once, by default 4.
	Parallel int
	// PageSize is how many objects one request asks for, by default 500.
	PageSize int64
}

func (c Config) withDefaults() Config {
	if c.RequestTimeout == 0 {
		c.RequestTimeout = time.Minute
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Minute
	}
	if c.Parallel == 0 {
		c.Parallel = 4
	}
	if c.PageSize == 0 {
		c.PageSize = 500
	}
	return c
}

// Read reads the cluster. An error means that nothing useful could be read: the configuration is wrong, the API server
// cannot be reached or does not know the user, or ctx was cancelled. Whatever else fails is a gap in the inventory.
func Read(ctx context.Context, config Config) (*inventory.Inventory, error) {
	config = config.withDefaults()
	if config.Redact == nil {
		return nil, errors.New("read cluster: no redaction of secrets is configured")
	}
	taken := time.Now()
	var requests atomic.Int64
	r, name, err := connect(config, &requests)
	if err != nil {
		return nil, fmt.Errorf("read cluster: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, config.Timeout)
	defer cancel()

	version := r.version(limited)
	r.protobuf = compiledFor(version)
	wanted, gaps, err := r.discover(limited)
	if err != nil {
		return nil, fmt.Errorf("read cluster %s: %w", name, err)
	}
	lists := make([]list, len(wanted))
	var group errgroup.Group
	group.SetLimit(config.Parallel)
	for i, res := range wanted {
		group.Go(func() error {
			lists[i] = r.read(limited, res)
			return nil
		})
	}
	identity := r.identity(limited)
	_ = group.Wait() // every failure is a gap
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read cluster %s: %w", name, err)
	}
	objects, gaps := join(lists, gaps)
	source := inventory.Source{Kind: "cluster", Names: []string{name}, Identity: identity, Requests: int(requests.Load())}
	return inventory.New(source, taken, version, objects, gaps), nil
}

// join puts the lists into one order, whatever order they came in.
func join(lists []list, gaps []inventory.Gap) ([]*inventory.Object, []inventory.Gap) {
	total := 0
	for _, l := range lists {
		total += len(l.objects)
	}
	objects := make([]*inventory.Object, 0, total)
	for _, l := range lists {
		objects = append(objects, l.objects...)
		gaps = append(gaps, l.gaps...)
	}
	slices.SortStableFunc(gaps, func(a, b inventory.Gap) int {
		for _, c := range [...]int{
			strings.Compare(a.Group, b.Group), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Namespace, b.Namespace),
		} {
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return objects, gaps
}
