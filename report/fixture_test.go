package report

import (
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

// shop is a document that has something of everything: every status and severity, exceptions in every state, gaps of
// files and of clusters, findings with and without position, path and fix.
func shop() *Document {
	r := &scan.Report{
		Tool:  scan.Tool{Name: "plimsoll", Version: "0.1.0"},
		Scope: scan.Scope{Excluded: []string{"kube-public"}},
		Inventory: scan.Inventory{
			Source:  inventory.Source{Kind: "mixed", Names: []string{"deploy", "charts/shop"}, Identity: "auditor", Requests: 12},
			Taken:   time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC),
			Version: "v1.37.2", Objects: 42, Namespaces: map[string]int{"": 5, "shop": 30, "payments": 7},
			Gaps: []inventory.Gap{
				{Kind: "Secret", Reason: `secrets is forbidden: User "auditor" cannot list resource "secrets"`},
				{File: "deploy/broken.yaml", Line: 7, Reason: "line 7: a tab cannot indent"},
			},
		},
		Results:    shopResults(),
		Exceptions: shopExceptions(),
	}
	r.Baseline = &scan.Comparison{New: 1, Fixed: 2, Unchanged: 6, NewIDs: map[string]int{r.Results[0].Findings[0].ID(): 1}}
	count(r)
	return &Document{Report: r, Assessments: shopAssessments(), Levels: shopLevels()}
}

// count fills in the summary as scan does.
func count(r *scan.Report) {
	r.Summary = scan.Summary{Controls: map[scan.Status]int{}, Findings: map[finding.Severity]int{}, Coverage: 72.5}
	for _, result := range r.Results {
		r.Summary.Controls[result.Status]++
		r.Summary.Excepted += len(result.Excepted)
		r.Summary.Errors += len(result.Errors)
		r.Summary.Passed += len(result.Passed)
		for _, f := range result.Findings {
			r.Summary.Findings[f.Severity]++
		}
	}
}

func ref(apiVersion, kind, namespace, name string) finding.Ref {
	return finding.Ref{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name}
}

var (
	cart     = ref("apps/v1", "Deployment", "shop", "cart")
	catalog  = ref("apps/v1", "StatefulSet", "shop", "catalog")
	checkout = ref("apps/v1", "Deployment", "payments", "checkout")
	report   = ref("batch/v1", "CronJob", "payments", "nightly-report")
	operator = ref("rbac.authorization.k8s.io/v1", "ClusterRole", "", "shop-operator")
)

const pod = "spec.template.spec."

func shopResults() []scan.Result {
	allowNot := &finding.Fix{Op: finding.Set, Value: false}
	uid := &finding.Fix{Op: finding.Set, Value: int64(65532), Risky: true}
	return []scan.Result{
		{
			Control: control.Control{
				ID: "privileged-container", Title: "Container runs privileged", Severity: finding.Critical,
				Why:    "A privileged container has every capability and sees the host's devices, so whoever takes it over owns the node.",
				Remedy: "Remove privileged, and add the one capability that is needed.", Capability: control.PodSecurity,
				References: []string{"CWE-250", "T1611", "PSS/baseline"}, Enforce: control.Admission, Fix: allowNot,
			},
			Status: scan.Fail,
			Findings: []finding.Finding{{
				Control: "privileged-container", Severity: finding.Critical, Object: checkout,
				Path:     pod + "containers[name=web].securityContext.privileged",
				Position: finding.Position{File: "deploy/checkout.yaml", Line: 31, Column: 24},
				Message:  `Container runs privileged: container "web"`,
				Because: []finding.Reason{
					{Effect: "proves", Fact: "value", Message: "securityContext.privileged is true"},
					{Effect: "raises", Fact: "exposed-outside", Message: "Ingress payments/checkout lets anyone reach it",
						Object: &finding.Ref{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Namespace: "payments", Name: "checkout"}},
				},
				Fix: allowNot,
			}},
			Excepted: []scan.Excepted{{Exception: "catalog-disk-tuning", Finding: finding.Finding{
				Control: "privileged-container", Severity: finding.Critical, Object: catalog,
				Path:     pod + "initContainers[name=tune].securityContext.privileged",
				Position: finding.Position{File: "charts/shop", Line: 212, Column: 13, Rendered: true},
				Message:  `Container runs privileged: init container "tune"`, Fix: allowNot,
			}}},
			Passed: []finding.Ref{report, cart},
		},
		{
			Control: control.Control{
				ID: "wildcard-role", Title: "Role grants every verb on every resource", Severity: finding.High,
				Why: "Whoever holds the role can read every secret and change every workload.", Remedy: "Name verbs and resources.",
				Capability: control.RBACLeastPrivilege, References: []string{"T1078"}, Enforce: control.Admission,
			},
			Status: scan.Fail,
			Findings: []finding.Finding{{
				Control: "wildcard-role", Severity: finding.High, Object: operator, Path: "rules[0].verbs",
				Message: "Role grants every verb on every resource",
				Because: []finding.Reason{{Effect: "proves", Fact: "value", Message: `rules[0].verbs is ["*"]`}},
			}},
			Skipped: "could not look everywhere: line 7: a tab cannot indent",
		},
		{
			Control: control.Control{
				ID: "run-as-root", Title: "Container may run as root", Severity: finding.Medium,
				Why: "Root in a container is root on the node once the container is left.", Remedy: "Set runAsUser to an id above 0.",
				Capability: control.PodSecurity, References: []string{"CWE-250"}, Enforce: control.Admission, Fix: uid,
			},
			Status: scan.Fail,
			Findings: []finding.Finding{
				rooted(report, "deploy/report.yaml", 18, uid), rooted(cart, "deploy/cart.yaml", 22, uid),
				rooted(catalog, "charts/shop", 230, uid),
			},
		},
		{
			Control: control.Control{
				ID: "namespace-without-quota", Title: "Namespace has no resource quota", Severity: finding.Low,
				Why: "One runaway workload can starve all others.", Remedy: "Add a ResourceQuota.",
				Capability: control.MultiTenancy, Enforce: control.ScanOnly,
			},
			Status: scan.Fail,
			Findings: []finding.Finding{{
				Control: "namespace-without-quota", Severity: finding.Low, Object: ref("v1", "Namespace", "", "payments"),
				Position: finding.Position{File: "deploy/namespaces.yaml", Line: 1}, Message: "Namespace has no resource quota",
			}},
			Passed: []finding.Ref{ref("v1", "Namespace", "", "shop")},
		},
		{
			Control: control.Control{
				ID: "secret-in-env", Title: "Environment variable holds a secret", Severity: finding.High,
				Why: "Environment variables leak into logs and crash dumps.", Remedy: "Use a Secret and a file.",
				Capability: control.SecretsEncryption, References: []string{"CWE-526"}, Enforce: control.ScanOnly,
			},
			Status: scan.Error,
			Errors: []control.ObjectError{{
				Object: report, Position: finding.Position{File: "deploy/report.yaml", Line: 1, Column: 1},
				Message: "env of container \"job\" is no list",
			}},
			Passed: []finding.Ref{checkout, cart},
		},
		{
			Control: control.Control{
				ID: "legacy-token-secret", Title: "Service account has a long-lived token", Severity: finding.High,
				Capability: control.SecretsEncryption, Enforce: control.ScanOnly,
			},
			Status: scan.Skipped, Skipped: `needs what could not be read: secrets is forbidden: User "auditor" cannot list resource "secrets"`,
		},
		{
			Control: control.Control{
				ID: "untrusted-registry", Title: "Image comes from an untrusted registry", Severity: finding.Medium,
				Capability: control.PodSecurity, Enforce: control.Admission,
			},
			Status: scan.Skipped, Skipped: "not configured: name the allowed registries in plimsoll.yaml",
		},
		{
			Control: control.Control{
				ID: "host-path", Title: "Pod mounts a path of the node", Severity: finding.High,
				Capability: control.PodSecurity, Enforce: control.Admission, References: []string{"T1611"},
			},
			Status: scan.ExceptedOnly,
			Excepted: []scan.Excepted{{Exception: "catalog-disk-tuning", Finding: finding.Finding{
				Control: "host-path", Severity: finding.High, Object: catalog, Path: pod + "volumes[name=sys].hostPath",
				Position: finding.Position{File: "charts/shop", Line: 240, Column: 9, Rendered: true},
				Message:  `Pod mounts a path of the node: volume "sys"`,
			}}},
		},
		{
			Control: control.Control{
				ID: "host-network", Title: "Pod shares the node's network", Severity: finding.High,
				Capability: control.PodSecurity, Enforce: control.Admission,
			},
			Status: scan.Pass, Passed: []finding.Ref{checkout, report, cart, catalog},
		},
		{
			Control: control.Control{
				ID: "webhook-exempts-namespaces", Title: "Webhook leaves namespaces out", Severity: finding.Medium,
				Capability: control.AdmissionPolicy, Enforce: control.ScanOnly,
			},
			Status: scan.NotApplicable,
		},
	}
}

func rooted(object finding.Ref, file string, line int, fix *finding.Fix) finding.Finding {
	path := finding.Path(pod + "containers[name=web].securityContext.runAsUser")
	if object.Kind == "CronJob" {
		path = "spec.jobTemplate." + path
	}
	return finding.Finding{
		Control: "run-as-root", Severity: finding.Medium, Object: object, Path: path, Fix: fix,
		Position: finding.Position{File: file, Line: line, Column: 9, Rendered: file == "charts/shop"},
		Message:  `Container may run as root: container "web"`,
		Because:  []finding.Reason{{Effect: "proves", Fact: "value", Message: "securityContext.runAsUser is not set"}},
	}
}

func shopExceptions() []scan.ExceptionUse {
	exception := func(name string, controls ...string) finding.Exception {
		return finding.Exception{
			Name: name, Controls: controls, Reason: "tunes the disk once at start", Owner: "team-catalog", Ticket: "SHOP-17",
			ApprovedBy: "ciso", Expires: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC),
		}
	}
	used := exception("catalog-disk-tuning", "privileged-container", "host-path")
	used.Objects = finding.Selector{Namespaces: []string{"shop"}, Names: []string{"catalog"}}
	expired := exception("old-cart", "run-as-root")
	expired.Expires = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	expired.Objects.Labels = map[string]string{"app": "cart"}
	return []scan.ExceptionUse{
		{Exception: used, State: scan.Used, Matched: 2},
		{Exception: expired, State: scan.Expired, Matched: 1},
		{Exception: exception("everything", "*"), State: scan.Unused, TooBroad: "it names every control"},
	}
}

func shopAssessments() []framework.Assessment {
	requirement := func(id, title string, direct bool, controls ...string) framework.Requirement {
		return framework.Requirement{ID: id, Title: title, Rows: []framework.Row{{
			Capability: control.PodSecurity, Evidence: "settings of every pod", Direct: direct, Needs: []string{"api"}, Controls: controls,
		}}}
	}
	one := framework.Framework{ID: "house", Title: "House rules", Version: "2026", Notice: "Our own text."}
	one.Requirements = []framework.Requirement{
		requirement("H1", "Workloads cannot take over nodes", true, "privileged-container", "host-network"),
		requirement("H2", "Workloads stay off the node's network", true, "host-network"),
		requirement("H3", "Tokens are short-lived", true, "legacy-token-secret"),
		requirement("H4", "Images are known", false, "untrusted-registry"),
		{ID: "H5", Title: "People are trained", Former: []string{"H4.1"}},
	}
	return []framework.Assessment{
		{Framework: one, Answers: []framework.Answer{
			{Requirement: one.Requirements[0], Kind: framework.Computed, Status: framework.NotMet,
				Controls: []string{"privileged-container", "host-network"}, Failing: []string{"privileged-container"},
				Findings: 1, Worst: finding.Critical},
			{Requirement: one.Requirements[1], Kind: framework.Computed, Status: framework.Met, Controls: []string{"host-network"}},
			{Requirement: one.Requirements[2], Kind: framework.Computed, Status: framework.Unknown,
				Controls: []string{"legacy-token-secret"}, Missing: []string{"secrets could not be listed"}},
			{Requirement: one.Requirements[3], Kind: framework.Computed, Status: framework.Partly,
				Controls: []string{"untrusted-registry"}, Missing: []string{"needs a CI system"}},
			{Requirement: one.Requirements[4], Kind: framework.ByHand, Status: framework.Manual, Missing: []string{"needs a person"}},
		}},
		{Framework: framework.Framework{ID: "provider", Title: "What the provider owes", Version: "1",
			Requirements: []framework.Requirement{{ID: "P1", Title: "Locked server rooms"}}},
			Answers: []framework.Answer{{Requirement: framework.Requirement{ID: "P1", Title: "Locked server rooms"},
				Kind: framework.ByProvider, Status: framework.Inherited}}},
	}
}

// shopLevels has a capability of each level, and criteria of each sort: met, not met, not measured, in need of more.
func shopLevels() []framework.Capability {
	computed := func(text string, passing int, measured float64, status framework.Status, controls ...string) framework.Criterion {
		return framework.Criterion{Text: text, Controls: controls, Passing: passing, Measured: measured, Status: status}
	}
	asks := func(text, needs string) framework.Criterion {
		return framework.Criterion{Text: text, Controls: []string{}, Needs: needs, Status: framework.Unknown}
	}
	return []framework.Capability{
		{Capability: control.SecretsEncryption, Level: framework.Open,
			Compliant: []framework.Criterion{
				computed("no secret values in manifests", 100, 100, framework.Unknown, "secret-in-env"),
				asks("Secrets are encrypted at rest", "the API server's files"),
			},
			Mature: []framework.Criterion{computed("few readers of Secrets", 100, 0, framework.Unknown, "legacy-token-secret")}},
		{Capability: control.PodSecurity, Level: framework.Below,
			Compliant: []framework.Criterion{
				asks("nodes are locked down", "the nodes' files"),
				computed("no privileged pods", 100, 200.0/3, framework.NotMet, "privileged-container", "host-network"),
			},
			Mature: []framework.Criterion{computed("at least 95 % run without root", 95, 0, framework.NotMet, "run-as-root")}},
		{Capability: control.MultiTenancy, Level: framework.Mature,
			Compliant: []framework.Criterion{computed("nothing shares the node's network", 100, 100, framework.Met, "host-network")}},
		{Capability: control.AdmissionPolicy, Level: framework.Compliant,
			Compliant: []framework.Criterion{computed("pod security is enforced", 90, 99.96, framework.Met, "host-network")},
			Mature:    []framework.Criterion{computed("webhooks exempt nobody", 100, 50, framework.NotMet, "webhook-exempts-namespaces")}},
	}
}
