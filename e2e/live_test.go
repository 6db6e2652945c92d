package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/inventory/cluster"
	"github.com/plimsoll-io/plimsoll/inventory/snapshot"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/scan"
)

// reader is the user who reads the cluster, with the rights of the roles in deploy and no others.
const reader = "reader"

// TestLive reads a real cluster: an empty one, a full one, and a full one with each right missing in turn.
func TestLive(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor})
	t.Run("bare", func(t *testing.T) { bare(t, c) })
	role := grant(t, c)
	fill(t, c)
	whole := readAll(t, c)
	full := judge(t, whole)
	t.Logf("%d objects, %d requests, read as %s", len(whole.All()), whole.Source.Requests, whole.Source.Identity)
	t.Run("snapshot", func(t *testing.T) { sameFromSnapshot(t, whole) })
	t.Run("resources", func(t *testing.T) { rightNames(t, c, role) })
	for i, rule := range role.Rules {
		for _, resource := range rule.Resources {
			missing := schema.GroupResource{Group: rule.APIGroups[0], Resource: resource}
			less := role.DeepCopy()
			less.Rules[i].Resources = slices.DeleteFunc(slices.Clone(rule.Resources), func(r string) bool { return r == resource })
			t.Run("without "+missing.String(), func(t *testing.T) {
				update(t, c, less, missing)
				partly(t, full, whole, read(t, c, reader))
			})
		}
	}
}

// grant gives the reader the rights in deploy, as one role.
func grant(t *testing.T, c *controlplane.ControlPlane) *rbacv1.ClusterRole {
	t.Helper()
	var role rbacv1.ClusterRole
	for _, file := range []string{"../deploy/secrets/rbac.yaml", "../deploy/rbac.yaml"} {
		rules := role.Rules
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		role = rbacv1.ClusterRole{}
		if err := yaml.UnmarshalStrict(text, &role); err != nil {
			t.Fatal(err)
		}
		role.Rules = append(role.Rules, rules...)
	}
	if _, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), &role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: "rbac.authorization.k8s.io", Kind: "User", Name: reader}},
	}
	if _, err := c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return &role
}

// update changes the reader's rights, and waits until the API server has seen that.
func update(t *testing.T, c *controlplane.ControlPlane, role *rbacv1.ClusterRole, missing schema.GroupResource) {
	t.Helper()
	role.ResourceVersion = ""
	if len(role.Rules) > 0 {
		role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return len(r.Resources) == 0 })
	}
	if _, err := c.Client.RbacV1().ClusterRoles().Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	may := func(gr schema.GroupResource) bool {
		review, err := c.Client.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{User: reader, ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: "list", Group: gr.Group, Resource: gr.Resource,
			}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return review.Status.Allowed
	}
	err := controlplane.Wait(30*time.Second, func() error {
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				if gr := (schema.GroupResource{Group: rule.APIGroups[0], Resource: resource}); !may(gr) {
					return fmt.Errorf("%s may not be listed yet", gr)
				}
			}
		}
		if may(missing) {
			return fmt.Errorf("%s may still be listed", missing)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// readAll reads the cluster as the reader, once the API server knows the reader's rights.
func readAll(t testing.TB, c *controlplane.ControlPlane) *inventory.Inventory {
	t.Helper()
	var inv *inventory.Inventory
	err := controlplane.Wait(30*time.Second, func() error {
		if inv = read(t, c, reader); len(inv.Gaps) > 0 {
			return fmt.Errorf("%d gaps, the first: %s", len(inv.Gaps), inv.Gaps[0].Reason)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// read reads the cluster as a user, "" being a member of system:masters.
func read(t testing.TB, c *controlplane.ControlPlane, user string) *inventory.Inventory {
	t.Helper()
	as := rest.CopyConfig(c.REST)
	as.Impersonate = rest.ImpersonationConfig{UserName: user}
	inv, err := cluster.Read(context.Background(), cluster.Config{REST: as, Redact: secretscan.New().Redact})
	if err != nil {
		t.Fatal(err)
	}
	bootstrap.Mark(inv.All(), inv.Version)
	return inv
}

func judge(t testing.TB, inv *inventory.Inventory) *scan.Report {
	t.Helper()
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	rep, err := scan.Run(context.Background(), inv, scan.Options{Controls: controls})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// bare holds that what Kubernetes installs itself gives no findings about rights.
func bare(t *testing.T, c *controlplane.ControlPlane) {
	for _, r := range judge(t, read(t, c, "")).Results {
		for _, f := range r.Findings {
			if f.Object.Group() == bootstrap.Group {
				t.Errorf("%s: %s", r.Control.ID, f.Message)
			}
			t.Logf("%s: %s: %s", r.Control.ID, f.Object, f.Message)
		}
	}
}

// fill creates every object of the catalogue's test data that the API server takes.
func fill(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	made := 0
	for i, r := range prepareRequests(t, c) {
		gvk := schema.FromAPIVersionAndKind(r.object.APIVersion, r.object.Kind)
		path := []string{"/apis", gvk.Group, gvk.Version}
		if gvk.Group == "" {
			path = []string{"/api", gvk.Version}
		}
		if r.object.Namespace != "" {
			path = append(path, "namespaces", r.object.Namespace)
		}
		if strings.HasSuffix(gvk.Kind, "WebhookConfiguration") {
			continue // it would stand in the way of the others
		}
		content := runtime.DeepCopyJSON(r.object.Content)
		if r.object.Namespace != "" {
			inventory.Map(content, "metadata")["namespace"] = r.object.Namespace
		}
		path = append(path, policy.ResourceFor(gvk).Resource)
		err := create(t, c, path, content)
		if apierrors.IsAlreadyExists(err) { // the cases use few names
			inventory.Map(content, "metadata")["name"] = fmt.Sprintf("%s-%d", r.object.Name, i)
			err = create(t, c, path, content)
		}
		if err == nil {
			made++
		}
	}
	t.Logf("%d objects made", made)
}

func create(t *testing.T, c *controlplane.ControlPlane, path []string, content map[string]any) error {
	t.Helper()
	body, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return c.Client.RESTClient().Post().AbsPath(path...).SetHeader("Content-Type", "application/json").Body(body).Do(t.Context()).Error()
}

func write(t testing.TB, rep *scan.Report) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := report.WriteJSON(&out, &report.Document{Report: rep}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sameFromSnapshot holds that a snapshot gives the same report as the inventory that it was made of.
func sameFromSnapshot(t *testing.T, live *inventory.Inventory) {
	var file bytes.Buffer
	if err := snapshot.Write(&file, live); err != nil {
		t.Fatal(err)
	}
	size := file.Len()
	kept, err := snapshot.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	a, b := write(t, judge(t, live)), write(t, judge(t, kept))
	if !bytes.Equal(a, b) {
		at := 0
		for at < min(len(a), len(b)) && a[at] == b[at] {
			at++
		}
		t.Errorf("the reports differ at byte %d:\nlive     …%s\nsnapshot …%s", at, a[max(0, at-200):min(len(a), at+200)], b[max(0, at-200):min(len(b), at+200)])
	}
	t.Logf("a snapshot of %d objects takes %d bytes; both reports have %d", len(live.All()), size, len(a))
}

// rightNames holds that the role names what the API server calls its resources.
func rightNames(t *testing.T, c *controlplane.ControlPlane, role *rbacv1.ClusterRole) {
	lists, err := c.Client.Discovery().ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	kinds := cluster.DefaultKinds()
	granted := map[schema.GroupResource]bool{}
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			granted[schema.GroupResource{Group: rule.APIGroups[0], Resource: resource}] = true
		}
	}
	for _, list := range lists {
		gv, _ := schema.ParseGroupVersion(list.GroupVersion)
		for _, r := range list.APIResources {
			gr := schema.GroupResource{Group: gv.Group, Resource: r.Name}
			read := slices.Contains(kinds, schema.GroupKind{Group: gv.Group, Kind: r.Kind}) && !strings.Contains(r.Name, "/")
			if read != granted[gr] {
				t.Errorf("%s: read %v, granted %v", gr, read, granted[gr])
			}
		}
	}
}

// partly holds what less sight may do to a report: nothing gets better, and no finding is lost but on what is unseen.
func partly(t *testing.T, full *scan.Report, whole, inv *inventory.Inventory) {
	if len(inv.Gaps) == 0 {
		if len(whole.All()) == len(inv.All()) {
			return // the API server does not offer this kind
		}
		t.Fatal("objects are missing, and there is no gap")
	}
	unseen := schema.GroupKind{Group: inv.Gaps[0].Group, Kind: inv.Gaps[0].Kind}
	less := judge(t, inv)
	if less.Summary.Coverage >= 100 {
		t.Errorf("coverage is %v with a gap in %s: the exit code could be 0", less.Summary.Coverage, unseen)
	}
	for i, was := range full.Results {
		is := less.Results[i]
		if better(was.Status, is.Status) {
			t.Errorf("%s: %s became %s without %s", was.Control.ID, was.Status, is.Status, unseen)
		}
		if was.Control.Policy == nil && !was.Control.PerObject {
			continue
		}
		have := map[string]bool{}
		for _, f := range is.Findings {
			have[f.ID()] = true
		}
		for _, f := range was.Findings {
			if f.Object.Name == "plimsoll-reader" {
				continue // it has changed
			}
			if !have[f.ID()] && (schema.GroupKind{Group: f.Object.Group(), Kind: f.Object.Kind}) != unseen {
				t.Errorf("%s: lost a finding of %s %s without %s", was.Control.ID, f.Object, f.Path, unseen)
			}
		}
	}
}

// better says whether a status claims what less sight cannot show.
func better(was, is scan.Status) bool {
	claims := is == scan.Pass || is == scan.ExceptedOnly || is == scan.NotApplicable
	return claims && was != is && was != scan.ExceptedOnly
}
