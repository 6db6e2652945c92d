package cluster

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	authenticationv1 "k8s.io/api/authentication/v1"
	utilversion "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// A reader holds the three ways to ask one API server: what it serves, built-in kinds, and custom resources.
type reader struct {
	config    Config
	discovery *discovery.DiscoveryClient
	builtin   *rest.RESTClient
	custom    *dynamic.DynamicClient
	protobuf  bool // the server speaks no newer types than ours
}

// connect prepares the clients, which share one connection pool, and names the cluster. It sends nothing.
func connect(config Config, requests *atomic.Int64) (*reader, string, error) {
	base, name, err := restConfig(config)
	if err != nil {
		return nil, "", err
	}
	base = rest.CopyConfig(base)
	base.UserAgent = "plimsoll"
	base.QPS, base.Burst = 50, 100 // the library's own 5 a second would slow a paged reading down
	base.WarningHandler = rest.NoWarnings{}
	base.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{next, requests} })
	client, err := rest.HTTPClientFor(base)
	if err != nil {
		return nil, "", fmt.Errorf("prepare connection: %w", err)
	}
	r := &reader{config: config}
	if r.discovery, err = discovery.NewDiscoveryClientForConfigAndClient(base, client); err != nil {
		return nil, "", fmt.Errorf("prepare discovery: %w", err)
	}
	if r.custom, err = dynamic.NewForConfigAndClient(base, client); err != nil {
		return nil, "", fmt.Errorf("prepare client: %w", err)
	}
	typed := rest.CopyConfig(base)
	typed.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	typed.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	typed.ContentType = "application/vnd.kubernetes.protobuf"
	if r.builtin, err = rest.UnversionedRESTClientForConfigAndClient(typed, client); err != nil {
		return nil, "", fmt.Errorf("prepare client: %w", err)
	}
	return r, name, nil
}

// Connection finds the cluster as kubectl would: how to reach it, and its name. It sends nothing.
func (c Config) Connection() (*rest.Config, string, error) { return restConfig(c) }

// restConfig finds the cluster as kubectl would, and its name.
func restConfig(config Config) (*rest.Config, string, error) {
	if config.REST != nil {
		return config.REST, config.REST.Host, nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = config.Kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: config.Context})
	base, err := loader.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("find cluster: %w", err)
	}
	name := config.Context
	if raw, err := loader.RawConfig(); err == nil && name == "" {
		name = raw.CurrentContext
	}
	if name == "" {
		name = "in-cluster"
	}
	return base, name, nil
}

// counting counts the requests that go over the wire, retries too.
type counting struct {
	next  http.RoundTripper
	count *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.count.Add(1)
	return c.next.RoundTrip(r)
}

// version is the API server's version, "v1.37.2", or "" when it does not say.
func (r *reader) version(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, r.config.RequestTimeout)
	defer cancel()
	info, err := r.discovery.ServerVersionWithContext(ctx)
	if err != nil {
		return ""
	}
	return info.GitVersion
}

// CompiledMinor is the minor version of Kubernetes whose types are compiled in.
const CompiledMinor = 37

// compiledFor says whether the compiled types know every field of a server. Protobuf of a newer one would lose the
// fields that they do not know, so such a server is read as JSON.
func compiledFor(version string) bool {
	parsed, err := utilversion.ParseGeneric(version)
	return err == nil && parsed.Major() == 1 && parsed.Minor() <= CompiledMinor
}

// identity is the user that reads, as the API server knows it, or "" when it does not say.
func (r *reader) identity(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, r.config.RequestTimeout)
	defer cancel()
	var review authenticationv1.SelfSubjectReview
	err := r.builtin.Post().AbsPath("/apis/authentication.k8s.io/v1/selfsubjectreviews").
		Body(&authenticationv1.SelfSubjectReview{}).Do(ctx).Into(&review)
	if err != nil {
		return ""
	}
	return review.Status.UserInfo.Username
}
