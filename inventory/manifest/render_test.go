package manifest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const chartYAML = "-- shop/Chart.yaml --\napiVersion: v2\nname: shop\nversion: 1.0.0\n"

func TestChart(t *testing.T) {
	folder(t, chartYAML+"dependencies: [{name: cache, version: 1.0.0, condition: cache.enabled}, {name: gone, version: 1.0.0}]\n"+
		"-- shop/values.yaml --\nname: cart\ncache: {enabled: true}\n"+
		"-- shop/templates/_helpers.tpl --\n{{ define \"label\" }}app: x{{ end }}\n"+
		"-- shop/templates/NOTES.txt --\nkind: [\n"+
		"-- shop/templates/pod.yaml --\n# head\n"+pod("{{ .Release.Name }}-{{ .Values.name }}")+
		"  \n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: {{ .Release.Namespace }}, labels: { {{ include \"label\" . }} }}\n"+
		"data:\n  version: {{ .Capabilities.KubeVersion }}\n  has: {{ .Capabilities.APIVersions.Has \"x.io/v1\" | quote }}\n  found: '{{ lookup \"v1\" \"Pod\" \"\" \"\" }}'\n"+
		"  big: {{ .Values.big | quote }}\n"+
		"-- shop/templates/hooks.yaml --\napiVersion: batch/v1\nkind: Job\nmetadata: {name: install, annotations: {helm.sh/hook: 'pre-install,test'}}\n---\n"+
		"apiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\n"+
		"-- shop/crds/gadget.yaml --\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n"+
		"-- shop/charts/cache/Chart.yaml --\napiVersion: v2\nname: cache\nversion: 1.0.0\n-- shop/charts/cache/templates/a.yaml --\n"+pod("cache")+
		"-- shop/.helmignore --\nnot-*\n-- shop/templates/not-this.yaml --\nkind: [\n-- shop/ci/example.yaml --\n"+pod("example")+"-- other.yaml --\n"+pod("other")+"-- my.yaml --\nname: mine\ncache: {enabled: false}\n")
	const gone = "gap shop/Chart.yaml:0 : the subchart gone is not in charts/ (run helm dependency build)\n"
	check(t, readAll(t, Options{}, "."), `
other.yaml:1 Pod default/other assumed
shop/crds/gadget.yaml:1 CustomResourceDefinition x rendered
shop/charts/cache/templates/a.yaml:1 Pod default/cache assumed rendered
shop/templates/hooks.yaml:1 Job default/install assumed rendered
shop/templates/pod.yaml:2 Pod default/release-name-cart assumed rendered
shop/templates/pod.yaml:7 ConfigMap default/c rendered
`+gone)
	opts := Options{Namespace: "store", Chart: ChartOptions{
		ValuesFiles: []string{"my.yaml"}, Set: []string{"name=set"}, SetString: []string{"big=010"}, ReleaseName: "r", KubeVersion: "1.35",
		APIVersions: []string{"x.io/v1"},
	}}
	check(t, readAll(t, opts, "shop"), `
shop/crds/gadget.yaml:1 CustomResourceDefinition x rendered
shop/templates/hooks.yaml:1 Job store/install assumed rendered
shop/templates/pod.yaml:2 Pod store/r-set assumed rendered
shop/templates/pod.yaml:7 ConfigMap store/c rendered
`+gone)
	inv, err := Read(t.Context(), []string{"shop/Chart.yaml"}, opts)
	if err != nil {
		t.Fatal(err)
	}
	data := inv.Get("", "ConfigMap", "store", "c").Content["data"].(map[string]any)
	if data["version"] != "v1.35.0" || data["has"] != "true" || data["found"] != "map[]" || data["big"] != "010" || inv.Version != "v1.35.0" {
		t.Errorf("version %s, data %v", inv.Version, data)
	}
}

func TestChartThatFails(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"one template": {chartYAML + "-- shop/templates/a.yaml --\n{{ required \"say\\nso\" .Values.none }}\n-- shop/templates/b.yaml --\n" + pod("b"),
			"shop/templates/b.yaml:1 Pod default/b assumed rendered\n" +
				"gap shop/Chart.yaml:0 : a template of the chart cannot be rendered: execution error at (shop/templates/a.yaml:1:3): say so\n"},
		"syntax": {chartYAML + "-- shop/templates/a.yaml --\n{{ if }}\n-- shop/templates/b.yaml --\n" + pod("b"),
			"shop/templates/b.yaml:1 Pod default/b assumed rendered\n" +
				"gap shop/Chart.yaml:0 : a template of the chart cannot be rendered: parse error at (shop/templates/a.yaml:1): missing value for if\n"},
		"broken output": {chartYAML + "-- shop/templates/a.yaml --\nkind: Secret\nx: [\n-- shop/templates/b.yaml --\n" + pod("b"),
			"shop/templates/b.yaml:1 Pod default/b assumed rendered\n" +
				"gap shop/templates/a.yaml:2 Secret: this is no YAML: did not find expected node content\n"},
		"broken Chart.yaml": {"-- shop/Chart.yaml --\n- x\n-- a.yaml --\n" + pod("a"),
			"a.yaml:1 Pod default/a assumed\ngap shop/Chart.yaml:0 : the chart cannot be rendered: cannot load Chart.yaml: error unmarshaling JSON: " +
				"while decoding JSON: json: cannot unmarshal array into Go value of type v2.Metadata\n"},
		"wrong version": {chartYAML + "kubeVersion: '<1.30'\n-- shop/templates/a.yaml --\n" + pod("a"),
			"gap shop/Chart.yaml:0 : the chart cannot be rendered: it wants Kubernetes <1.30, and this is v1.37.0 (--kube-version)\n"},
		"library": {chartYAML + "type: library\n-- shop/templates/_a.yaml --\n" + pod("a"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			folder(t, test.text)
			check(t, readAll(t, Options{}, "."), test.want)
		})
	}
}

// TestEndlessCharts holds the limits of the child process; the file beside each chart is still read.
func TestEndlessCharts(t *testing.T) {
	limits := RenderLimits{Time: 2 * time.Second, Memory: 128 << 20, Output: 1 << 20}
	const x = `{{ define "x" }}{{ include "x" . }}{{ include "x" . }}{{ end }}{{ include "x" . }}`
	for name, test := range map[string]struct{ template, want string }{
		"time":      {`{{ range $i := until 100000 }}{{ range $j := until 100000 }}{{ end }}{{ end }}`, "it takes longer than 2s"},
		"memory":    {`{{ $s := "xxxxxxxxxxxxxxxx" }}{{ range until 40 }}{{ $s = print $s $s }}{{ end }}`, "it takes too much memory"},
		"one range": {`{{ range $i := until 2000000000 }}{{ end }}`, "it takes "}, // too much memory, or time where memory is slow
		"recursion": {x, "includes itself without end"},
		"output":    {`{{ range until 20000 }}# ` + strings.Repeat("x", 100) + "\n{{ end }}", "its output has more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			limits := limits
			if !strings.HasPrefix(test.want, "it takes ") || name == "memory" {
				limits.Time = 15 * time.Second // on a busy machine another limit may take its time to be reached
			}
			folder(t, chartYAML+"-- shop/templates/a.yaml --\n"+test.template+"\n-- two/Chart.yaml --\napiVersion: v2\nname: two\nversion: 1.0.0\n"+
				"-- two/templates/a.yaml --\n"+pod("two")+"-- z.yaml --\n"+pod("z"))
			start := time.Now()
			got := readAll(t, Options{Limits: limits}, ".")
			if !strings.Contains(got, test.want) {
				t.Errorf("got %s", got)
			}
			if !strings.Contains(got, "Pod default/two ") || !strings.Contains(got, "Pod default/z ") {
				t.Errorf("the rest is not read: %s", got)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// packed makes a .tgz of members: name and content.
func packed(t *testing.T, members ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, m := range members {
		text := m.Uname // the content, for want of a better place
		m.Uname, m.Mode = "", 0o644
		if m.Typeflag == 0 {
			m.Typeflag = tar.TypeReg
		}
		if m.Typeflag == tar.TypeReg {
			m.Size = int64(len(text))
		}
		if err := w.WriteHeader(&m); err != nil {
			t.Fatal(err)
		}
		if m.Size > 0 {
			if _, err := w.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestChartArchives(t *testing.T) {
	chart := tar.Header{Name: "shop/Chart.yaml", Uname: "apiVersion: v2\nname: shop\nversion: 1.0.0\n"}
	template := tar.Header{Name: "shop/templates/a.yaml", Uname: pod("a")}
	const refused = "gap shop.tgz:0 : the chart cannot be rendered: unpack the archive: "
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"good":           {packed(t, chart, template), "shop.tgz/templates/a.yaml:1 Pod default/a assumed rendered\n"},
		"parent path":    {packed(t, chart, tar.Header{Name: "shop/../../evil.yaml", Uname: "x"}), refused + "the member \"shop/../../evil.yaml\" points outside the archive\n"},
		"Windows parent": {packed(t, chart, tar.Header{Name: `shop\..\..\evil`, Uname: "x"}), refused + "the member \"shop/../../evil\" points outside the archive\n"},
		"absolute path":  {packed(t, chart, tar.Header{Name: "/etc/evil", Uname: "x"}), refused + "the member \"/etc/evil\" has an absolute path\n"},
		"drive":          {packed(t, chart, tar.Header{Name: "c:/evil", Uname: "x"}), refused + "the member \"c:/evil\" has an absolute path\n"},
		"symlink": {packed(t, chart, tar.Header{Name: "shop/templates/b.yaml", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}),
			refused + "the member \"shop/templates/b.yaml\" is a link\n"},
		"device":  {packed(t, chart, tar.Header{Name: "shop/x", Typeflag: tar.TypeFifo}), refused + "the member \"shop/x\" is no regular file\n"},
		"outside": {packed(t, chart, tar.Header{Name: "x.yaml", Uname: "x"}), refused + "the member \"x.yaml\" lies outside the chart's folder\n"},
		"large member": {packed(t, chart, tar.Header{Name: "shop/x", Uname: strings.Repeat("x", maxMember+1)}),
			refused + "the member \"shop/x\" has more than 10485760 bytes\n"},
		"bomb": {packed(t, chart, tar.Header{Name: "shop/a", Uname: strings.Repeat("x", maxMember)}, tar.Header{Name: "shop/b", Uname: strings.Repeat("x", maxMember)}),
			refused + "it unpacks to too many bytes\n"},
		"bomb in a subchart": {packed(t, chart, tar.Header{Name: "shop/charts/b.tgz", Uname: string(packed(t, tar.Header{Name: "b/x", Uname: strings.Repeat("x", maxMember)}))}),
			"gap shop.tgz:0 : the chart cannot be rendered: unpack charts/b.tgz: it unpacks to too many bytes\n"},
		"cut off":  {packed(t, chart, template)[:120], refused + "it is damaged: unexpected EOF\n"},
		"no gzip":  {[]byte("hello"), refused + "this is no gzip file\n"},
		"no chart": {packed(t, template), "gap shop.tgz:0 : this archive holds no Helm chart\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, "")
			if err := os.WriteFile(filepath.Join(dir, "shop.tgz"), test.data, 0o644); err != nil {
				t.Fatal(err)
			}
			check(t, readAll(t, Options{}, "shop.tgz"), test.want)
			if name == "no chart" {
				check(t, readAll(t, Options{}, "."), "") // any archive may lie in a folder
			}
		})
	}
}

const overlays = "-- app/base/kustomization.yaml --\nresources: [pod.yaml]\n-- app/base/pod.yaml --\n" +
	"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: c, image: 'shop/web:1'}]}\n" +
	"-- app/prod/kustomization.yaml --\nresources: [../base]\nnamespace: prod\nnamePrefix: p-\npatches: [{path: patch.yaml}]\n" +
	"configMapGenerator: [{name: settings, files: [key=settings.yaml]}]\n" +
	"-- app/prod/patch.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostNetwork: true}\n" +
	"-- app/prod/settings.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: data}\n" +
	"-- app/dev/kustomization.yml --\nresources: [../base]\nnamespace: dev\n" +
	"-- app/extra.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: extra}\n"

func TestKustomizations(t *testing.T) {
	folder(t, overlays)
	check(t, readAll(t, Options{}, "app"), `
app/dev/kustomization.yml:1 Pod dev/web rendered
app/extra.yaml:1 Pod default/extra assumed
app/prod/kustomization.yaml:1 Pod prod/p-web rendered
app/prod/kustomization.yaml:12 ConfigMap prod/p-settings-9k2c8927c4 rendered
`)
	check(t, readAll(t, Options{}, "app/prod/kustomization.yaml"), `
app/prod/kustomization.yaml:1 Pod prod/p-web rendered
app/prod/kustomization.yaml:12 ConfigMap prod/p-settings-9k2c8927c4 rendered
`)
	check(t, readAll(t, Options{}, "app/base"), "app/base/kustomization.yaml:1 Pod default/web assumed rendered\n")
	inv, err := Read(t.Context(), []string{"app/prod"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if spec := inv.Get("", "Pod", "prod", "p-web").Content["spec"].(map[string]any); spec["hostNetwork"] != true {
		t.Errorf("the patch is not applied: %v", spec)
	}
}

func TestKustomizationsThatFail(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "x.yaml"), []byte(pod("x")), 0o644); err != nil {
		t.Fatal(err)
	}
	const failed = "cannot be rendered: "
	for name, test := range map[string]struct{ text, want string }{
		"circle":       {"-- a/kustomization.yaml --\nresources: [../b]\n-- b/kustomization.yaml --\nresources: [../a]\n", failed + "it builds on itself"},
		"itself":       {"-- a/kustomization.yaml --\nresources: [../a]\n", failed},
		"remote file":  {"-- a/kustomization.yaml --\nresources: ['https://user:hunter2@example.com/x.yaml']\n", failed + "it builds on a remote resource; only local files are read"},
		"remote base":  {"-- a/kustomization.yaml --\nresources: ['github.com/example/app//deploy?ref=v1']\n", failed + "it builds on a remote resource; only local files are read"},
		"remote patch": {"-- a/kustomization.yaml --\nopenapi: {path: 'https://example.com/x.json'}\n", failed + "it builds on a remote resource"},
		"missing file": {"-- a/kustomization.yaml --\nresources: [gone.yaml]\n", failed + "\"gone.yaml\", which it names, is not there"},
		"missing in a base": {"-- a/kustomization.yaml --\nresources: [../b]\n-- b/kustomization.yaml --\nresources: [gone.yaml]\n",
			failed + "it builds on b: \"gone.yaml\", which it names, is not there"},
		"outside the tree": {"-- a/kustomization.yaml --\nresources: ['" + outside + "']\n", failed},
		"file outside":     {"-- a/kustomization.yaml --\nresources: ['../../../../../../../../../../etc/passwd']\n", failed},
		"program": {"-- a/kustomization.yaml --\ngenerators: [g.yaml]\n-- a/g.yaml --\napiVersion: x/v1\nkind: G\nmetadata:\n  name: g\n" +
			"  annotations: {config.kubernetes.io/function: \"exec: {path: ./run.sh}\"}\n", failed},
		"chart":           {"-- a/kustomization.yaml --\nhelmCharts: [{name: x, repo: 'https://example.com'}]\n", failed + "it inflates a Helm chart"},
		"broken":          {"-- a/kustomization.yaml --\nresources: [\n", failed},
		"broken resource": {"-- a/kustomization.yaml --\nresources: [x.yaml]\n-- a/x.yaml --\nkind: [\n", failed},
		"unknown field":   {"-- a/kustomization.yaml --\nnosuch: 1\n", failed},
	} {
		t.Run(name, func(t *testing.T) {
			folder(t, test.text+"-- z.yaml --\n"+pod("z"))
			got := readAll(t, Options{}, ".")
			if !strings.Contains(got, test.want) || !strings.Contains(got, "z.yaml:1 Pod default/z assumed\n") || strings.Contains(got, "hunter2") {
				t.Errorf("got %s", got)
			}
			if lines := strings.Count(got, "\n"); lines != 2 && name != "broken resource" {
				t.Errorf("%d lines: %s", lines, got)
			}
			t.Log(got)
		})
	}
}

func TestKustomizeComponents(t *testing.T) {
	component := "-- part/kustomization.yaml --\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [a.yaml]\n" +
		"patches: [{path: p.yaml}]\n-- part/a.yaml --\n" + pod("a") + "-- part/p.yaml --\n" + pod("web") + "spec: {hostNetwork: true}\n"
	folder(t, component)
	check(t, readAll(t, Options{}, "."), "part/a.yaml:1 Pod default/a assumed\n")
	folder(t, component+"-- app/kustomization.yaml --\nresources: [web.yaml]\ncomponents: [../part]\n-- app/web.yaml --\n"+pod("web"))
	check(t, readAll(t, Options{}, "."), `
app/kustomization.yaml:1 Pod default/web assumed rendered
app/kustomization.yaml:8 Pod default/a assumed rendered
`)
}

// TestKustomizationThatFailsLosesLittle: the resources are read plainly, patches and other inputs are not, and a base
// that another overlay renders is not read twice.
func TestKustomizationThatFailsLosesLittle(t *testing.T) {
	dir := folder(t, overlays)
	if err := os.Remove(filepath.Join(dir, "app/prod/patch.yaml")); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, Options{}, "app")
	if !strings.HasPrefix(got, "app/dev/kustomization.yml:1 Pod dev/web rendered\napp/extra.yaml:1 Pod default/extra assumed\n"+
		"gap app/prod/kustomization.yaml:0 : the kustomization cannot be rendered") {
		t.Errorf("got %s", got)
	}
	if err := os.RemoveAll(filepath.Join(dir, "app/dev")); err != nil {
		t.Fatal(err)
	}
	got = readAll(t, Options{}, "app")
	if !strings.HasPrefix(got, "app/base/pod.yaml:1 Pod default/web assumed\napp/extra.yaml:1 Pod default/extra assumed\n"+
		"gap app/prod/kustomization.yaml:0 : the kustomization cannot be rendered") {
		t.Errorf("got %s", got)
	}
}

func TestLinksOutOfAChart(t *testing.T) {
	dir := folder(t, "-- outside/secret.yaml --\n"+pod("secret")+strings.ReplaceAll(chartYAML, "shop/", "tree/shop/")+"-- tree/.git/config --\n-- tree/shop/templates/a.yaml --\n"+pod("a"))
	if err := os.Symlink("../../../outside/secret.yaml", filepath.Join(dir, "tree/shop/templates/b.yaml")); err != nil {
		t.Skip(err)
	}
	check(t, readAll(t, Options{}, "tree/shop"), `
tree/shop/templates/a.yaml:1 Pod default/a assumed rendered
gap tree/shop/Chart.yaml:0 : templates/b.yaml of the chart cannot be read: path escapes from parent
`)
}

func TestRendererThatCannotStart(t *testing.T) {
	folder(t, chartYAML+"-- z.yaml --\n"+pod("z"))
	got := readAll(t, Options{Limits: RenderLimits{Command: []string{filepath.Join(t.TempDir(), "none")}}}, ".")
	if !strings.Contains(got, "start the rendering process") || !strings.Contains(got, "Pod default/z") {
		t.Errorf("got %s", got)
	}
}
