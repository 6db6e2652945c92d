package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/inventory/cluster"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/inventory/snapshot"
)

// InputOptions choose what is read. They are the same for every command that reads.
type InputOptions struct {
	Namespace   string
	Kubeconfig  string
	Context     string
	Timeout     time.Duration
	Chart       manifest.ChartOptions
	Limits      manifest.RenderLimits
	MaxDocument int

	// only are the kinds to read of a cluster: those that the command needs; nil for the usual ones.
	only []schema.GroupKind
	// more are kinds to read of a cluster besides the usual ones, where it serves them.
	more []schema.GroupKind
	// auditPolicies keeps audit policies among the files.
	auditPolicies bool
}

// AddFlags declares the flags of the input.
func (o *InputOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVarP(&o.Namespace, "namespace", "n", "", "namespace of manifests that name none; of a cluster, the only one to read")
	f.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig `file` of the cluster")
	f.StringVar(&o.Context, "context", "", "kubeconfig context of the cluster")
	f.DurationVar(&o.Timeout, "timeout", 10*time.Minute, "longest time that reading a cluster may take")
	f.StringSliceVar(&o.Chart.ValuesFiles, "values", nil, "values `file` for charts (repeatable)")
	f.StringArrayVar(&o.Chart.Set, "set", nil, "value for charts, `a.b=c` (repeatable)")
	f.StringArrayVar(&o.Chart.SetString, "set-string", nil, "string value for charts, `a.b=c` (repeatable)")
	f.StringVar(&o.Chart.ReleaseName, "release-name", "release-name", "release `name` for charts")
	f.StringVar(&o.Chart.KubeVersion, "kube-version", "", "Kubernetes `version` that charts are rendered for (default: the newest that is known)")
	f.StringSliceVar(&o.Chart.APIVersions, "api-versions", nil, "API `versions` that charts can rely on, besides the built-in ones")
	f.IntVar(&o.MaxDocument, "max-document", 32<<20, "largest YAML document to parse, in `bytes`")
	f.DurationVar(&o.Limits.Time, "render-timeout", time.Minute, "longest time that rendering one chart or kustomization may take")
}

// load reads the inventory that paths name, or the live cluster when there are none.
func (o *InputOptions) load(ctx context.Context, paths []string, settings control.Settings, stdin io.Reader) (*inventory.Inventory, error) {
	inv, err := o.read(ctx, paths, settings, stdin)
	if err != nil {
		return nil, err
	}
	bootstrap.Mark(inv.All(), inv.Version)
	return inv, nil
}

func (o *InputOptions) read(ctx context.Context, paths []string, settings control.Settings, stdin io.Reader) (*inventory.Inventory, error) {
	if len(paths) == 0 {
		return o.readCluster(ctx, settings)
	}
	if o.Context != "" || o.Kubeconfig != "" {
		return nil, errors.New("--context and --kubeconfig name a cluster, the paths name files: give only one of them")
	}
	if len(paths) == 1 && isSnapshot(paths[0]) {
		return readSnapshot(paths[0])
	}
	return manifest.Read(ctx, paths, manifest.Options{
		Namespace: o.Namespace, Chart: o.Chart, Limits: o.Limits, MaxDocument: o.MaxDocument, Stdin: stdin,
		Redact: arrival(), AuditPolicies: o.auditPolicies,
	})
}

func (o *InputOptions) readCluster(ctx context.Context, settings control.Settings) (*inventory.Inventory, error) {
	c := cluster.Config{
		Kubeconfig: o.Kubeconfig, Context: o.Context, Timeout: o.Timeout, Redact: arrival(), Only: o.only, Kinds: o.more,
	}
	if o.Namespace != "" {
		c.Namespaces = []string{o.Namespace}
	}
	for kind := range settings.PodTemplates {
		name, group, _ := strings.Cut(kind, ".")
		c.Kinds = append(c.Kinds, schema.GroupKind{Group: group, Kind: name})
	}
	return cluster.Read(ctx, c)
}

// arrival is what happens to every object before anybody else sees it: its secrets are replaced, and what it has in
// common with others is shared.
func arrival() func(content map[string]any) (redacted int) {
	scanner := secretscan.New()
	sharers := make(chan *inventory.Sharer, runtime.GOMAXPROCS(0))
	for range cap(sharers) {
		sharers <- inventory.NewSharer()
	}
	return func(content map[string]any) int {
		n := scanner.Redact(content)
		sharer := <-sharers
		sharer.Share(content)
		sharers <- sharer
		return n
	}
}

// isSnapshot looks at the name first and then at the content, since people rename files.
func isSnapshot(path string) bool {
	if strings.HasSuffix(path, snapshot.Extension) {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, snapshot.HeadSize)
	n, _ := io.ReadFull(f, head)
	return snapshot.Is(head[:n])
}

func readSnapshot(path string) (*inventory.Inventory, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open snapshot: %w", err)
	}
	defer f.Close()
	inv, err := snapshot.Read(f)
	if err != nil {
		return nil, fmt.Errorf("read snapshot %s: %w", filepath.ToSlash(path), err)
	}
	return inv, nil
}
