package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// kubernetesVersion is the version of generated clusters, and of the defaults in them.
const kubernetesVersion = "v1.37.2"

const rbacVersion = "rbac.authorization.k8s.io/v1"

var teams = strings.Fields("payments search catalog identity billing checkout media ads data ml platform security mobile web logistics pricing")

var stages = strings.Fields("dev test stage prod preview")

var components = strings.Fields("api worker scheduler gateway operator exporter indexer proxy cron importer controller web cache mailer agent syncer")

// ordinary are rules as roles commonly have them: groups, resources, verbs, each separated by commas.
var ordinary = [][3]string{
	{"", "pods,pods/log", "get,list,watch"},
	{"", "configmaps", "get,list,watch,create,update"},
	{"", "services,endpoints", "get,list,watch"},
	{"", "events", "create,patch"},
	{"", "persistentvolumeclaims", "get,list,watch,create"},
	{"", "serviceaccounts", "get,list"},
	{"apps", "deployments,replicasets,statefulsets", "get,list,watch"},
	{"apps", "deployments/scale", "get,update,patch"},
	{"batch", "jobs,cronjobs", "get,list,watch"},
	{"coordination.k8s.io", "leases", "get,create,update"},
	{"networking.k8s.io", "ingresses,networkpolicies", "get,list,watch"},
	{"autoscaling", "horizontalpodautoscalers", "get,list,watch"},
	{"discovery.k8s.io", "endpointslices", "get,list,watch"},
	{"policy", "poddisruptionbudgets", "get,list,watch"},
	{"monitoring.coreos.com", "servicemonitors,podmonitors", "get,list,watch"},
	{"cert-manager.io", "certificates", "get,list,watch"},
	{"argoproj.io", "applications", "get,list"},
}

// dangerous are rules that lead on to other rights.
var dangerous = [][3]string{
	{"", "secrets", "get,list,watch"},
	{"", "pods", "create,delete"},
	{"", "pods/exec", "create"},
	{"", "pods/ephemeralcontainers", "patch"},
	{"apps", "deployments", "create,update,patch"},
	{"apps", "daemonsets", "create,patch"},
	{"batch", "jobs,cronjobs", "create"},
	{"", "serviceaccounts/token", "create"},
	{"", "serviceaccounts,users,groups", "impersonate"},
	{"rbac.authorization.k8s.io", "rolebindings", "create"},
	{"rbac.authorization.k8s.io", "clusterroles,roles", "bind,escalate,update"},
	{"", "nodes/proxy", "get,create"},
	{"", "nodes", "patch,update"},
	{"certificates.k8s.io", "certificatesigningrequests/approval", "update"},
	{"admissionregistration.k8s.io", "mutatingwebhookconfigurations", "create,update"},
	{"", "*", "get,list"},
	{"*", "*", "*"},
}

// makeRoles makes one ClusterRole in five roles. Rules of ClusterRoles are dangerous less often: they reach further.
func (m *clusterMaker) makeRoles() {
	m.clusterRoles = []string{"view", "view", "edit", "edit", "admin"}
	for i := range m.size.roles {
		component := components[i*3%len(components)]
		if i%5 == 0 {
			name := fmt.Sprintf("%s-%s-%d", teams[i%len(teams)], component, i)
			var labels map[string]any
			if i%200 == 0 {
				labels = map[string]any{"rbac.authorization.k8s.io/aggregate-to-view": "true"}
			}
			m.add(rbacVersion, "ClusterRole", "", name, labels, map[string]any{"rules": m.rules(0.7, labels == nil)})
			m.clusterRoles = append(m.clusterRoles, name)
			continue
		}
		namespace, name := m.namespace(i%m.size.namespaces), fmt.Sprintf("%s-%d", component, i)
		m.add(rbacVersion, "Role", namespace, name, nil, map[string]any{"rules": m.rules(4, false)})
		m.roles[namespace] = append(m.roles[namespace], name)
	}
}

// rules makes one to eight rules, each dangerous with this probability in percent.
func (m *clusterMaker) rules(danger float64, urls bool) []any {
	rules := []any{}
	for range 1 + m.random.IntN(8) {
		from := ordinary
		if m.percent(danger) {
			from = dangerous
		}
		picked := from[m.random.IntN(len(from))]
		rule := map[string]any{"apiGroups": texts(picked[0]), "resources": texts(picked[1]), "verbs": texts(picked[2])}
		if m.percent(8) && !strings.Contains(picked[2], "create") {
			rule["resourceNames"] = []any{components[m.random.IntN(len(components))] + "-config"}
		}
		rules = append(rules, rule)
	}
	if urls && m.percent(10) {
		rules = append(rules, map[string]any{"nonResourceURLs": []any{"/metrics", "/healthz/*"}, "verbs": []any{"get"}})
	}
	return rules
}

func texts(joined string) []any {
	var list []any
	for text := range strings.SplitSeq(joined, ",") {
		list = append(list, text)
	}
	return list
}

// bindings makes one ClusterRoleBinding in twenty bindings. Most subjects are service accounts.
func (m *clusterMaker) bindings() {
	for i := range m.size.bindings {
		namespace := m.namespace(m.random.IntN(m.size.namespaces))
		if i%20 == 0 {
			role := m.clusterRoles[5*min(1, i%3)+m.random.IntN(max(1, len(m.clusterRoles)-5))]
			if m.percent(0.5) {
				role = "cluster-admin"
			}
			m.add(rbacVersion, "ClusterRoleBinding", "", fmt.Sprintf("%s-%d", role, i), nil, m.binding("ClusterRole", role, namespace))
			continue
		}
		kind, role := "ClusterRole", m.clusterRoles[m.random.IntN(len(m.clusterRoles))]
		if m.percent(20) {
			role = m.clusterRoles[m.random.IntN(5)]
		}
		if names := m.roles[namespace]; len(names) > 0 && m.percent(70) {
			kind, role = "Role", names[m.random.IntN(len(names))]
		}
		m.add(rbacVersion, "RoleBinding", namespace, fmt.Sprintf("%s-%d", role, i), nil, m.binding(kind, role, namespace))
	}
}

func (m *clusterMaker) binding(kind, role, namespace string) map[string]any {
	subjects := []any{}
	for range 1 + max(0, m.random.IntN(8)-5) {
		subjects = append(subjects, m.subject(namespace))
	}
	return map[string]any{
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
		"subjects": subjects,
	}
}

func (m *clusterMaker) subject(namespace string) map[string]any {
	switch n := m.random.IntN(100); {
	case n < 80:
		i := m.random.IntN(m.size.serviceAccounts)
		owner, name := m.serviceAccount(i)
		if owner != namespace && n < 70 { // mostly of the same namespace
			owner, name = m.serviceAccount(i - i%m.size.namespaces + m.indexOf(namespace))
		}
		return map[string]any{"kind": "ServiceAccount", "name": name, "namespace": owner}
	case n < 90:
		return rbacSubject("User", fmt.Sprintf("user-%d@example.com", m.random.IntN(800)))
	case n < 99:
		return rbacSubject("Group", fmt.Sprintf("%s-%s", teams[m.random.IntN(len(teams))], stages[m.random.IntN(len(stages))]))
	default:
		return rbacSubject("Group", "system:serviceaccounts:"+namespace)
	}
}

// indexOf is the number at the end of a namespace's name.
func (m *clusterMaker) indexOf(namespace string) int {
	var i int
	if _, err := fmt.Sscanf(namespace[strings.LastIndexByte(namespace, '-')+1:], "%d", &i); err != nil {
		return 0 // kube-system
	}
	return i
}

func rbacSubject(kind, name string) map[string]any {
	return map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
}

// defaults adds what Kubernetes itself installs, from the lists that its Go module holds as test data, aggregated as the
// controller does it.
func (m *clusterMaker) defaults() error {
	out, err := exec.Command("go", "mod", "download", "-json", "k8s.io/kubernetes@"+kubernetesVersion).Output()
	if err != nil {
		return fmt.Errorf("download k8s.io/kubernetes for its default roles (-defaults=false does without): %w", err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(module.Dir, "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata/*s.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "-featuregates.yaml") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var list struct{ Items []map[string]any }
		if err := yaml.Unmarshal(text, &list); err != nil {
			return err
		}
		for _, item := range list.Items {
			meta := inventory.Map(item, "metadata")
			meta["creationTimestamp"], meta["resourceVersion"], meta["uid"] = m.date(), fmt.Sprint(len(m.objects)), m.uid()
			m.objects = append(m.objects, item)
		}
	}
	for range 3 { // view is part of edit, and edit of admin
		m.aggregate()
	}
	return nil
}

// aggregate fills in the rules of aggregated ClusterRoles. Their defaults have one label in each selector.
func (m *clusterMaker) aggregate() {
	for _, o := range m.objects {
		var rules []any
		for _, s := range inventory.List(o, "aggregationRule", "clusterRoleSelectors") {
			selector, _ := s.(map[string]any)
			for label, value := range inventory.Map(selector, "matchLabels") {
				for _, other := range m.objects {
					if inventory.String(other, "kind") == "ClusterRole" && inventory.Map(other, "metadata", "labels")[label] == value {
						rules = append(rules, inventory.List(other, "rules")...)
					}
				}
			}
		}
		if rules != nil {
			o["rules"] = rules
		}
	}
}
