package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/rbacsample"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// How many questions are asked, and about how large a sample.
const (
	questionsShort = 3000
	questionsLong  = 24_000
	samples        = 4
	rolesEach      = 60
	bindingsEach   = 50
	askingAtOnce   = 16
)

var seed = flag.Uint64("seed", 20261123, "of the samples and questions of TestRBAC")

// TestRBAC compares the Authorizer with a real API server: random Roles and bindings are made, aggregation settles, and
// thousands of SubjectAccessReviews are asked. The Authorizer is made of the cluster as users read it, and of the
// manifests as they were written.
func TestRBAC(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	all := load(t, c)
	edges := loadEdges(t, c)
	settle(t, c)
	live := read(t, c, "")
	bootstrap.Mark(live.All(), live.Version)
	authorizers := map[string]*rbac.Authorizer{
		"the cluster":   rbac.New(live),
		"the manifests": rbac.New(written(objectsOf(all))),
	}
	t.Run("aggregation", func(t *testing.T) { sameRules(t, authorizers) })
	t.Run("questions", func(t *testing.T) { ask(t, c, all, authorizers) })
	t.Run("edges", func(t *testing.T) { sameEdges(t, authorizers["the cluster"], rbac.New(written(edges))) })
	t.Run("create by apply", func(t *testing.T) { createByApply(t, c) })
	t.Run("bootstrap", func(t *testing.T) { askBootstrap(t, c, authorizers) })
}

// load makes the samples' objects in the cluster.
func load(t *testing.T, c *controlplane.ControlPlane) []*rbacsample.Sample {
	t.Helper()
	for _, ns := range rbacsample.Namespaces() {
		if err := ensureNamespace(t.Context(), c, ns); err != nil {
			t.Fatal(err)
		}
	}
	var all []*rbacsample.Sample
	refused := 0
	for i := range samples {
		random := rand.New(rand.NewPCG(*seed, uint64(i)))
		s := rbacsample.New(random, fmt.Sprintf("s%d-", i), rolesEach, bindingsEach)
		s.Objects = slices.DeleteFunc(s.Objects, func(o map[string]any) bool {
			if err := createRBAC(t, c, o); err != nil {
				t.Logf("%s %s: %v", o["kind"], inventory.String(o, "metadata", "name"), err)
				refused++
				return true
			}
			return false
		})
		all = append(all, s)
	}
	if refused > 0 {
		t.Errorf("the API server refused %d objects: samples are meant to be valid", refused)
	}
	return all
}

func createRBAC(t *testing.T, c *controlplane.ControlPlane, o map[string]any) error {
	path := []string{"/apis", rbac.Group, "v1"}
	if ns := inventory.String(o, "metadata", "namespace"); ns != "" {
		path = append(path, "namespaces", ns)
	}
	return create(t, c, append(path, strings.ToLower(o["kind"].(string))+"s"), o)
}

func objectsOf(all []*rbacsample.Sample) []map[string]any {
	var out []map[string]any
	for _, s := range all {
		out = append(out, s.Objects...)
	}
	return out
}

// written is the inventory of the manifests alone.
func written(contents []map[string]any) *inventory.Inventory {
	var objects []*inventory.Object
	for _, o := range contents {
		objects = append(objects, &inventory.Object{Content: o, Ref: finding.Ref{
			APIVersion: inventory.String(o, "apiVersion"), Kind: inventory.String(o, "kind"),
			Namespace: inventory.String(o, "metadata", "namespace"), Name: inventory.String(o, "metadata", "name"),
		}})
	}
	return inventory.New(inventory.Source{Kind: "files"}, time.Now(), "", objects, nil)
}

// settle waits until the controller has aggregated all ClusterRoles and the API server's authorizer has seen it: then
// nothing changes any more.
func settle(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	// The last role is aggregated like all others, and by the same queue.
	for _, role := range []*rbacv1.ClusterRole{
		{ObjectMeta: metav1.ObjectMeta{Name: "z-source", Labels: map[string]string{"z-settled": "true"}},
			Rules: []rbacv1.PolicyRule{{Verbs: []string{"get"}, APIGroups: []string{"settled.example.com"}, Resources: []string{"settled"}}}},
		{ObjectMeta: metav1.ObjectMeta{Name: "z-settled"}, AggregationRule: &rbacv1.AggregationRule{
			ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{"z-settled": "true"}}}}},
	} {
		if _, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "z-settled"},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbac.Group, Kind: "ClusterRole", Name: "z-settled"},
		Subjects: []rbacv1.Subject{{APIGroup: rbac.Group, Kind: "User", Name: "settled"}}}
	if _, err := c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	quiet, before := 0, ""
	err := controlplane.Wait(2*time.Minute, func() error {
		allowed, err := review(t.Context(), c, rbacsample.Question{Identity: rbac.Identity{User: "settled"},
			Request: rbac.Request{Verb: "get", Group: "settled.example.com", Resource: "settled"}})
		if err != nil || !allowed {
			return fmt.Errorf("the last role is not aggregated yet: %v", err)
		}
		list, err := c.Client.RbacV1().ClusterRoles().List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		versions := ""
		for _, role := range list.Items {
			versions += role.Name + role.ResourceVersion
		}
		if versions != before {
			quiet, before = 0, versions
		}
		if quiet++; quiet < 20 {
			return fmt.Errorf("roles still change")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// review asks the API server.
func review(ctx context.Context, c *controlplane.ControlPlane, q rbacsample.Question) (bool, error) {
	spec := authorizationv1.SubjectAccessReviewSpec{
		User: q.Identity.User, Groups: q.Identity.Groups, UID: "7", Extra: map[string]authorizationv1.ExtraValue{"scopes": {"all"}},
	}
	r := q.Request
	if r.Path != "" {
		spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Verb: r.Verb, Path: r.Path}
	} else {
		spec.ResourceAttributes = &authorizationv1.ResourceAttributes{Verb: r.Verb, Group: r.Group, Version: "v1", Resource: r.Resource,
			Subresource: r.Subresource, Namespace: r.Namespace, Name: r.Name}
	}
	answer, err := c.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{Spec: spec}, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("review %s: %w", r, err)
	}
	return answer.Status.Allowed, nil
}

// ask compares the answers to random questions.
func ask(t *testing.T, c *controlplane.ControlPlane, all []*rbacsample.Sample, authorizers map[string]*rbac.Authorizer) {
	count := questionsShort
	if *long {
		count = questionsLong
	}
	questions := make([]rbacsample.Question, count)
	for i := range questions {
		questions[i] = all[i%len(all)].Question()
	}
	allowed := compare(t, c, questions, authorizers)
	t.Logf("seed %d: %d SubjectAccessReviews, %d allowed (%d %%), %d denied", *seed, count, allowed, 100*allowed/count, count-allowed)
	if allowed < count/5 || allowed > count*4/5 {
		t.Errorf("%d of %d questions are allowed: too few of one kind", allowed, count)
	}
}

// compare asks everybody, and counts what the API server allows.
func compare(t *testing.T, c *controlplane.ControlPlane, questions []rbacsample.Question, authorizers map[string]*rbac.Authorizer) int {
	t.Helper()
	var allowed, wrong atomic.Int32
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(askingAtOnce)
	for _, q := range questions {
		group.Go(func() error {
			want, err := review(ctx, c, q)
			if err != nil {
				return err
			}
			if want {
				allowed.Add(1)
			}
			for source, a := range authorizers {
				if grant, got := a.Can(q.Identity, q.Request); got != want {
					if wrong.Add(1) <= 20 {
						t.Errorf("%s of %q in %q: the API server says %v, rbac on %s says %v by %+v",
							q.Request, q.Identity.User, q.Identity.Groups, want, source, got, grant)
					}
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d disagreements", n)
	}
	return int(allowed.Load())
}

// askBootstrap compares what the users and groups of Kubernetes itself may do: every verb on many resources.
func askBootstrap(t *testing.T, c *controlplane.ControlPlane, authorizers map[string]*rbac.Authorizer) {
	var identities []rbac.Identity
	for _, user := range []string{"system:kube-scheduler", "system:kube-controller-manager", "system:kube-proxy", "system:anonymous"} {
		identities = append(identities, rbac.Subject{Kind: rbac.UserKind, Name: user}.Identity())
	}
	for _, group := range []string{"system:masters", "system:monitoring", "system:nodes", "system:authenticated", "system:bootstrappers"} {
		identities = append(identities, rbac.Identity{User: "somebody", Groups: []string{group}})
	}
	for _, account := range []string{"replicaset-controller", "clusterrole-aggregation-controller", "token-cleaner", "cloud-provider"} {
		identities = append(identities, rbac.Account("kube-system", account).Identity())
	}
	var questions []rbacsample.Question
	for _, id := range identities {
		for _, path := range []string{"/healthz", "/readyz", "/version/", "/metrics", "/api/v1", "/openapi/v3/x", "/logs/"} {
			questions = append(questions, rbacsample.Question{Identity: id, Request: rbac.Request{Verb: "get", Path: path}})
		}
		for _, resource := range [][3]string{{"", "pods", ""}, {"", "pods", "binding"}, {"", "secrets", ""}, {"", "nodes", "status"},
			{"apps", "replicasets", "scale"}, {"coordination.k8s.io", "leases", ""}, {rbac.Group, "clusterroles", ""}, {"", "serviceaccounts", "token"},
			{"authorization.k8s.io", "selfsubjectaccessreviews", ""}, {"", "endpoints", ""}, {"events.k8s.io", "events", ""}} {
			for _, verb := range []string{"get", "list", "create", "patch", "escalate", "deletecollection"} {
				for _, ns := range []string{"", "kube-system", "default"} {
					questions = append(questions, rbacsample.Question{Identity: id, Request: rbac.Request{
						Verb: verb, Group: resource[0], Resource: resource[1], Subresource: resource[2], Namespace: ns, Name: "bootstrap-signer"}})
				}
			}
		}
	}
	allowed := compare(t, c, questions, authorizers)
	t.Logf("%d SubjectAccessReviews about what Kubernetes installs, %d allowed", len(questions), allowed)
}

// sameRules compares the aggregated ClusterRoles of the manifests with what the controller has made of them.
func sameRules(t *testing.T, authorizers map[string]*rbac.Authorizer) {
	live := clusterRoles(authorizers["the cluster"])
	count, kept := 0, 0
	for name, role := range clusterRoles(authorizers["the manifests"]) {
		if role.Object.Content["aggregationRule"] == nil {
			continue
		}
		count++
		if role.From == nil && len(role.Rules) > 0 {
			kept++
		}
		if want, got := texts(live[name]), texts(role); !slices.Equal(want, got) {
			t.Errorf("%s: the controller gives %d rules, rbac %d:\n%v\n%v", name, len(want), len(got), want, got)
		}
	}
	t.Logf("%d aggregated ClusterRoles, %d of them keep their own rules", count, kept)
}

func clusterRoles(a *rbac.Authorizer) map[string]*rbac.Role {
	out := map[string]*rbac.Role{}
	for _, role := range a.Roles() {
		if role.Kind == "ClusterRole" {
			out[role.Name] = role
		}
	}
	return out
}

func texts(role *rbac.Role) []string {
	var out []string
	for _, rule := range role.Rules {
		text, _ := json.Marshal(rule)
		out = append(out, string(text))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// loadEdges makes the ClusterRoles in which aggregation is not what one might think.
func loadEdges(t *testing.T, c *controlplane.ControlPlane) []map[string]any {
	t.Helper()
	role := func(name, label, selects, verbs string) map[string]any {
		o := map[string]any{"apiVersion": rbac.Group + "/v1", "kind": "ClusterRole", "metadata": map[string]any{
			"name": "edge-" + name, "labels": map[string]any{"edge-" + label: "true"}}, "rules": []any{}}
		if verbs != "" {
			o["rules"] = []any{map[string]any{"verbs": []any{verbs}, "apiGroups": []any{""}, "resources": []any{"pods"}}}
		}
		if selects != "" {
			o["aggregationRule"] = map[string]any{"clusterRoleSelectors": []any{
				map[string]any{"matchLabels": map[string]any{"edge-" + selects: "true"}}}}
		}
		return o
	}
	out := []map[string]any{
		role("source", "source", "", "get"), role("no-rules", "no-rules", "", ""),
		role("overwritten", "overwritten", "source", "delete"),
		role("selects-nothing", "selects-nothing", "nobody", "list"),
		role("selects-no-rules", "selects-no-rules", "no-rules", "watch"),
		role("selects-itself", "itself", "itself", "patch"),
		role("second-hand", "second-hand", "selects-nothing", "delete"),
		role("third-hand", "third-hand", "second-hand", ""),
		role("cycle-plain-1", "plain-1", "plain-2", ""), role("cycle-plain-2", "plain-2", "plain-1", ""),
		role("cycle-own-1", "own-1", "own-2", "get"), role("cycle-own-2", "own-2", "own-1", "list"),
	}
	for _, o := range out {
		if err := createRBAC(t, c, o); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// sameEdges compares them. In a cycle of roles with rules of their own the controller's order decides whose survive, and
// the Authorizer counts all: there it may only say more.
func sameEdges(t *testing.T, live, files *rbac.Authorizer) {
	have := clusterRoles(live)
	for name, role := range clusterRoles(files) {
		if !strings.HasPrefix(name, "edge-") {
			continue
		}
		want, got := texts(have[name]), texts(role)
		if strings.HasPrefix(name, "edge-cycle-own") {
			t.Logf("%s: the controller settled on %v, rbac counts %v", name, want, got)
			if slices.ContainsFunc(want, func(rule string) bool { return !slices.Contains(got, rule) }) {
				t.Errorf("%s: rbac misses one of %v", name, want)
			}
		} else if !slices.Equal(want, got) {
			t.Errorf("%s: the controller gives %v, rbac %v", name, want, got)
		}
	}
}

// createByApply holds what Warnings say of create with resourceNames: a plain create does not match, an apply does.
func createByApply(t *testing.T, c *controlplane.ControlPlane) {
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "applier", Namespace: "default"}, Rules: []rbacv1.PolicyRule{{
		Verbs: []string{"create", "patch"}, APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"mine"}}}}
	if _, err := c.Client.RbacV1().Roles("default").Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "applier", Namespace: "default"},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbac.Group, Kind: "Role", Name: "applier"},
		Subjects: []rbacv1.Subject{{APIGroup: rbac.Group, Kind: "User", Name: "applier"}}}
	if _, err := c.Client.RbacV1().RoleBindings("default").Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	as := rest.CopyConfig(c.REST)
	as.Impersonate = rest.ImpersonationConfig{UserName: "applier"}
	client, err := kubernetes.NewForConfig(as)
	if err != nil {
		t.Fatal(err)
	}
	maps := client.CoreV1().ConfigMaps("default")
	apply := func(name string) error {
		_, err := maps.Patch(t.Context(), name, types.ApplyPatchType,
			[]byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"`+name+`"}}`), metav1.PatchOptions{FieldManager: "e2e"})
		return err
	}
	if err := controlplane.Wait(30*time.Second, func() error { return apply("mine") }); err != nil {
		t.Errorf("apply is not allowed to create: %v", err)
	}
	if err := apply("other"); !apierrors.IsForbidden(err) {
		t.Errorf("apply of another name gives %v", err)
	}
	_, err = maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "mine"}}, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("create gives %v", err)
	}
}
