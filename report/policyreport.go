package report

import (
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

// reportLimit is how many results one report object holds; etcd refuses objects above about 1.5 MB.
const reportLimit = 1000

// WriteOpenReports writes Reports and ClusterReports of openreports.io, one for each namespace, as a List that
// `kubectl apply` takes. They hold findings and errors; what passed or was accepted is only counted.
func WriteOpenReports(w io.Writer, d *Document, _ Options) error {
	return writePolicyReports(w, d, reportKind{"openreports.io/v1alpha1", "Report", "ClusterReport", true})
}

// WritePolicyReports writes the same as WriteOpenReports in the older form of wgpolicyk8s.io.
func WritePolicyReports(w io.Writer, d *Document, _ Options) error {
	return writePolicyReports(w, d, reportKind{"wgpolicyk8s.io/v1alpha2", "PolicyReport", "ClusterPolicyReport", false})
}

type reportKind struct {
	apiVersion, namespaced, cluster string
	source                          bool // the report itself names its source
}

type policyReport struct {
	APIVersion string              `json:"apiVersion"`
	Kind       string              `json:"kind"`
	Metadata   policyMetadata      `json:"metadata"`
	Source     string              `json:"source,omitempty"`
	Summary    policySummary       `json:"summary"`
	Results    []policyReportEntry `json:"results"`
}

type policyMetadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type policySummary struct {
	Pass  int `json:"pass"`
	Fail  int `json:"fail"`
	Warn  int `json:"warn"`
	Error int `json:"error"`
	Skip  int `json:"skip"`
}

type policyReportEntry struct {
	Source     string            `json:"source"`
	Policy     string            `json:"policy"`
	Category   string            `json:"category,omitempty"`
	Severity   finding.Severity  `json:"severity"`
	Result     string            `json:"result"`
	Scored     bool              `json:"scored"`
	Timestamp  policyTime        `json:"timestamp"`
	Resources  []finding.Ref     `json:"resources"`
	Message    string            `json:"message"`
	Properties map[string]string `json:"properties"`
}

type policyTime struct {
	Seconds int64 `json:"seconds"`
	Nanos   int   `json:"nanos"`
}

func writePolicyReports(w io.Writer, d *Document, kind reportKind) error {
	j := &jsonWriter{w: w}
	j.raw(`{"apiVersion":"v1","kind":"List","items":`)
	list(j, policyReports(d, kind), "", func(r *policyReport) { j.value(r) })
	j.raw("}\n")
	return j.close()
}

// policyReports builds one report for each namespace that has a verdict, cluster-scoped objects first.
func policyReports(d *Document, kind reportKind) []policyReport {
	b := &policyReportBuilder{kind: kind, byNamespace: map[string]*policyReport{}, left: map[string]int{}}
	b.taken = policyTime{Seconds: d.Report.Inventory.Taken.Unix()}
	for i := range d.Report.Results {
		r := &d.Report.Results[i]
		for k := range r.Findings {
			b.fail(r, &r.Findings[k])
		}
		for _, e := range r.Errors {
			b.report(e.Object.Namespace).Summary.Error++
			b.add(r, e.Object, r.Control.Severity, "error", e.Message, nil)
		}
		for k := range r.Excepted {
			b.report(r.Excepted[k].Object.Namespace).Summary.Skip++
		}
		for k := range r.Passed {
			b.report(r.Passed[k].Namespace).Summary.Pass++
		}
		if r.Status == scan.Skipped { // about no object, so of the whole cluster
			b.report("").Summary.Skip++
		}
	}
	return b.sorted()
}

type policyReportBuilder struct {
	kind        reportKind
	taken       policyTime
	byNamespace map[string]*policyReport
	left        map[string]int // entries left out, by namespace
}

func (b *policyReportBuilder) report(namespace string) *policyReport {
	if r := b.byNamespace[namespace]; r != nil {
		return r
	}
	r := &policyReport{
		APIVersion: b.kind.apiVersion, Kind: b.kind.cluster, Results: []policyReportEntry{},
		Metadata: policyMetadata{
			Name: "plimsoll", Namespace: namespace, Labels: map[string]string{"app.kubernetes.io/managed-by": "plimsoll"},
		},
	}
	if namespace != "" {
		r.Kind = b.kind.namespaced
	}
	if b.kind.source {
		r.Source = "plimsoll"
	}
	b.byNamespace[namespace] = r
	return r
}

func (b *policyReportBuilder) fail(r *scan.Result, f *finding.Finding) {
	b.report(f.Object.Namespace).Summary.Fail++
	properties := map[string]string{"id": f.ID()}
	if f.Path != "" {
		properties["path"] = display.Clean(string(f.Path))
	}
	if where := placeOf(f.Position); where != "" {
		properties["position"] = where
	}
	b.add(r, f.Object, f.Severity, "fail", f.Message, properties)
}

func (b *policyReportBuilder) add(r *scan.Result, object finding.Ref, severity finding.Severity,
	result, message string, properties map[string]string,
) {
	report := b.report(object.Namespace)
	if len(report.Results) == reportLimit {
		b.left[object.Namespace]++
		return
	}
	if properties == nil {
		properties = map[string]string{}
	}
	report.Results = append(report.Results, policyReportEntry{
		Source: "plimsoll", Policy: r.Control.ID, Category: string(r.Control.Capability), Severity: severity, Result: result,
		Scored: true, Timestamp: b.taken, Resources: []finding.Ref{object}, Message: display.Clean(message), Properties: properties,
	})
}

func (b *policyReportBuilder) sorted() []policyReport {
	var out []policyReport
	for namespace, r := range b.byNamespace {
		if n := b.left[namespace]; n > 0 {
			r.Metadata.Annotations = map[string]string{"plimsoll.io/left-out": display.Plural(n, "result")}
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b policyReport) int { return strings.Compare(a.Metadata.Namespace, b.Metadata.Namespace) })
	return out
}
