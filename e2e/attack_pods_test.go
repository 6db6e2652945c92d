package e2e

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// TestAttackPodMechanisms holds that a real API server does what the techniques of pods and nodes say, as far as that
// can be seen without a kubelet: what it authorizes, accepts and refuses.
func TestAttackPodMechanisms(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	p := &podAttacker{attacker{c: c}}
	for _, ns := range []string{"open", "baseline", "restricted"} {
		p.namespace(t, ns)
	}
	t.Run("exec, attach, port-forward", p.streams)
	t.Run("nodes/proxy", p.nodesProxy)
	t.Run("create a pod", p.create)
	t.Run("change an image", p.image)
	t.Run("ephemeral containers", p.ephemeral)
	t.Run("workloads", p.workloads)
	t.Run("PersistentVolumes", p.volumes)
}

type podAttacker struct{ attacker }

// namespace makes a namespace of a Pod Security level with its default service account.
func (p *podAttacker) namespace(t *testing.T, level string) {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: level}}
	if level != "open" {
		ns.Labels = map[string]string{"pod-security.kubernetes.io/enforce": level}
	}
	if _, err := p.c.Client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	err := controlplane.Wait(60*time.Second, func() error {
		_, err := p.c.Client.CoreV1().ServiceAccounts(level).Get(t.Context(), "default", metav1.GetOptions{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// harmless is a pod that fulfils the restricted standard.
func harmless(name string) *corev1.Pod {
	yes, no := true, false
	user := int64(65532)
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "c", Image: "example.com/app:1",
			SecurityContext: &corev1.SecurityContext{
				RunAsNonRoot: &yes, RunAsUser: &user, AllowPrivilegeEscalation: &no,
				Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
		}}},
	}
}

func privilegedPod(name string) *corev1.Pod {
	pod := harmless(name)
	yes := true
	pod.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: &yes}
	return pod
}

// make makes a pod as a member of system:masters.
func (p *podAttacker) make(t *testing.T, namespace string, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	made, err := p.c.Client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// minorOf is the minor version of the server.
func (p *podAttacker) minorOf(t *testing.T) int {
	t.Helper()
	v, err := p.c.Client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(v.Minor)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func raw(t *testing.T, client kubernetes.Interface, verb, path string) error {
	t.Helper()
	rc, ok := client.CoreV1().RESTClient().(*rest.RESTClient)
	if !ok {
		t.Fatal("no REST client")
	}
	return rc.Verb(verb).AbsPath(path).Param("command", "id").Param("stdout", "true").Param("stdin", "true").Do(t.Context()).Error()
}

// passed fails when the API server forbids the request; that it cannot be served, since nothing runs, is expected.
func passed(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		t.Errorf("%s: %v, want it authorized and then to fail", what, err)
	}
}

func (p *podAttacker) streams(t *testing.T) {
	p.make(t, "open", harmless("target"))
	since135 := p.minorOf(t) >= 35
	for _, sub := range []string{"exec", "attach", "portforward"} {
		path := "/api/v1/namespaces/open/pods/target/" + sub
		getter := p.with(t, "get-"+sub, allow("get", "", "pods/"+sub))
		if since135 {
			refused(t, "GET "+sub+" with get alone", raw(t, getter, "GET", path))
		} else {
			passed(t, "GET "+sub+" with get alone", raw(t, getter, "GET", path))
		}
		refused(t, "POST "+sub+" with get alone", raw(t, getter, "POST", path))
		passed(t, "POST "+sub+" with create alone", raw(t, p.with(t, "create-"+sub, allow("create", "", "pods/"+sub)), "POST", path))
		named := p.with(t, "named-"+sub, allow("create", "", "pods/"+sub, "target"))
		passed(t, "POST "+sub+" with a name", raw(t, named, "POST", path))
	}
}

func (p *podAttacker) nodesProxy(t *testing.T) {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}}
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = 1 // nothing listens
	if _, err := p.c.Client.CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	getter := p.with(t, "get-nodes-proxy", allow("get", "", "nodes/proxy"))
	passed(t, "GET of exec through the kubelet", raw(t, getter, "GET", "/api/v1/nodes/n1/proxy/exec/open/target/c"))
	refused(t, "POST with get alone", raw(t, getter, "POST", "/api/v1/nodes/n1/proxy/run/open/target/c"))
	creator := p.with(t, "create-nodes-proxy", allow("create", "", "nodes/proxy"))
	passed(t, "POST of run through the kubelet", raw(t, creator, "POST", "/api/v1/nodes/n1/proxy/run/open/target/c"))
	finer := p.with(t, "nodes-pods", allow("get", "", "nodes/pods"))
	refused(t, "GET of exec with nodes/pods", raw(t, finer, "GET", "/api/v1/nodes/n1/proxy/exec/open/target/c"))
}

func (p *podAttacker) create(t *testing.T) {
	ctx := t.Context()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "strong"}}
	if _, err := p.c.Client.CoreV1().ServiceAccounts("restricted").Create(ctx, account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	creator := p.with(t, "pod-creator", allow("create", "", "pods"))
	pod := harmless("as-strong")
	pod.Spec.ServiceAccountName = "strong"
	pod.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "db"}}}}
	_, err := creator.CoreV1().Pods("restricted").Create(ctx, pod, metav1.CreateOptions{})
	accepted(t, "a pod as any account with any Secret, in a restricted namespace", err)
	onNode := harmless("on-node")
	onNode.Spec.NodeName = "n1"
	_, err = creator.CoreV1().Pods("restricted").Create(ctx, onNode, metav1.CreateOptions{})
	accepted(t, "a pod on a node of its choice", err)
	for name, change := range map[string]func(*corev1.Pod){
		"privileged": func(pod *corev1.Pod) { *pod = *privilegedPod(pod.Name) },
		"hostpath": func(pod *corev1.Pod) {
			pod.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}}
		},
		"sys-module": func(pod *corev1.Pod) {
			pod.Spec.Containers[0].SecurityContext.Capabilities.Add = []corev1.Capability{"SYS_MODULE"}
		},
		"host-pid": func(pod *corev1.Pod) { pod.Spec.HostPID = true },
	} {
		for _, level := range []string{"baseline", "restricted"} {
			pod := harmless(name)
			change(pod)
			_, err := creator.CoreV1().Pods(level).Create(ctx, pod, metav1.CreateOptions{})
			refused(t, name+" in "+level, err)
		}
		pod := harmless(name)
		change(pod)
		_, err := creator.CoreV1().Pods("open").Create(ctx, pod, metav1.CreateOptions{})
		accepted(t, name+" without a level", err)
	}
	p.createNamed(t)
}

// createNamed holds what create with resourceNames is good for.
func (p *podAttacker) createNamed(t *testing.T) {
	ctx := t.Context()
	named := p.with(t, "named-pod-creator",
		allow("create", "", "pods", "mine"), allow("patch", "", "pods", "mine"), allow("update", "", "pods", "mine"))
	_, err := named.CoreV1().Pods("open").Create(ctx, harmless("mine"), metav1.CreateOptions{})
	refused(t, "POST of a pod with resourceNames", err)
	_, err = named.CoreV1().Pods("open").Update(ctx, harmless("mine"), metav1.UpdateOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("PUT of a pod that is not there: %v, want it not found", err)
	}
	apply := []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"mine"},"spec":{"containers":[{"name":"c","image":"example.com/app:1"}]}}`)
	force := true
	_, err = named.CoreV1().Pods("open").Patch(ctx, "mine", types.ApplyPatchType, apply, metav1.PatchOptions{FieldManager: "x", Force: &force})
	accepted(t, "server-side apply of a pod with resourceNames", err)
}

func (p *podAttacker) image(t *testing.T) {
	ctx := t.Context()
	p.make(t, "open", harmless("patched"))
	patcher := p.with(t, "pod-patcher", allow("patch", "", "pods"))
	patch := func(namespace, name, body string) error {
		_, err := patcher.CoreV1().Pods(namespace).Patch(ctx, name, types.StrategicMergePatchType, []byte(body), metav1.PatchOptions{})
		return err
	}
	accepted(t, "another image", patch("open", "patched", `{"spec":{"containers":[{"name":"c","image":"example.com/evil:1"}]}}`))
	for what, body := range map[string]string{
		"another account": `{"spec":{"serviceAccountName":"other"}}`,
		"a command":       `{"spec":{"containers":[{"name":"c","command":["sh"]}]}}`,
		"privileged":      `{"spec":{"containers":[{"name":"c","securityContext":{"privileged":true}}]}}`,
	} {
		if err := patch("open", "patched", body); !apierrors.IsInvalid(err) {
			t.Errorf("%s: %v, want it invalid", what, err)
		}
	}
	old := p.make(t, "open", privilegedPod("old"))
	labels := []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}`)
	if _, err := p.c.Client.CoreV1().Namespaces().Patch(ctx, "open", types.MergePatchType, labels, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	err := controlplane.Wait(10*time.Second, func() error {
		if err := patch("open", old.Name, `{"spec":{"containers":[{"name":"c","image":"example.com/evil:2"}]}}`); !apierrors.IsForbidden(err) {
			return fmt.Errorf("another image of a pod that breaks the level: %v, want it forbidden", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := p.c.Client.CoreV1().Namespaces().Patch(ctx, "open", types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":null}}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (p *podAttacker) ephemeral(t *testing.T) {
	ctx := t.Context()
	const (
		plain  = `{"spec":{"ephemeralContainers":[{"name":"d","image":"example.com/debug:1"}]}}`
		strong = `{"spec":{"ephemeralContainers":[{"name":"e","image":"example.com/debug:1","securityContext":{"privileged":true}}]}}`
	)
	debugger := p.with(t, "debugger", allow("patch", "", "pods/ephemeralcontainers"))
	add := func(namespace, name, body string) error {
		_, err := debugger.CoreV1().Pods(namespace).Patch(ctx, name, types.StrategicMergePatchType, []byte(body), metav1.PatchOptions{},
			"ephemeralcontainers")
		return err
	}
	p.make(t, "open", harmless("debugged"))
	p.make(t, "baseline", harmless("debugged"))
	accepted(t, "an ephemeral container", add("open", "debugged", plain))
	accepted(t, "a privileged ephemeral container", add("open", "debugged", strong))
	accepted(t, "an ephemeral container under baseline", add("baseline", "debugged", plain))
	refused(t, "a privileged ephemeral container under baseline", add("baseline", "debugged", strong))
	static := harmless("static")
	static.Annotations = map[string]string{"kubernetes.io/config.mirror": "x"}
	static.Spec.NodeName = "n1"
	p.make(t, "open", static)
	if err := add("open", "static", plain); err == nil {
		t.Error("a static pod takes an ephemeral container")
	}
}

func (p *podAttacker) workloads(t *testing.T) {
	ctx := t.Context()
	pod := privilegedPod("web")
	labels := map[string]string{"app": "web"}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod.Spec}
	deployer := p.with(t, "deployer", allow("create", "apps", "deployments"))
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template,
	}}
	_, err := deployer.AppsV1().Deployments("restricted").Create(ctx, deployment, metav1.CreateOptions{})
	accepted(t, "a Deployment whose pods break the level", err)

	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "once"}, Spec: batchv1.JobSpec{Template: template}}
	if _, err := p.c.Client.BatchV1().Jobs("open").Create(ctx, job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	patcher := p.with(t, "job-patcher", allow("patch", "batch", "jobs"))
	_, err = patcher.BatchV1().Jobs("open").Patch(ctx, "once", types.StrategicMergePatchType,
		[]byte(`{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"example.com/evil:1"}]}}}}`), metav1.PatchOptions{})
	if !apierrors.IsInvalid(err) {
		t.Errorf("another image of a Job: %v, want it invalid", err)
	}
}

func (p *podAttacker) volumes(t *testing.T) {
	ctx := t.Context()
	attacker := p.with(t, "storage", allow("create", "", "persistentvolumes"), allow("create", "", "persistentvolumeclaims"),
		allow("create", "", "pods"))
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	class := ""
	_, err := attacker.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "root"},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: size, AccessModes: modes,
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/run"}},
		},
	}, metav1.CreateOptions{})
	accepted(t, "a PersistentVolume of the node's files", err)
	_, err = attacker.CoreV1().PersistentVolumeClaims("restricted").Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "root"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: modes, VolumeName: "root", StorageClassName: &class, Resources: corev1.VolumeResourceRequirements{Requests: size},
		},
	}, metav1.CreateOptions{})
	accepted(t, "a claim", err)
	pod := harmless("claims")
	group := int64(0)
	pod.Spec.Containers[0].SecurityContext.RunAsGroup = &group
	pod.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "root"},
	}}}
	pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/host"}}
	_, err = attacker.CoreV1().Pods("restricted").Create(ctx, pod, metav1.CreateOptions{})
	accepted(t, "a pod of group 0 with the claim, in a restricted namespace", err)
	err = controlplane.Wait(60*time.Second, func() error {
		claim, err := p.c.Client.CoreV1().PersistentVolumeClaims("restricted").Get(ctx, "root", metav1.GetOptions{})
		if err == nil && claim.Status.Phase != corev1.ClaimBound {
			err = fmt.Errorf("the claim is %s", claim.Status.Phase)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
