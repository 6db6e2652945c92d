package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	"helm.sh/helm/v4/pkg/ignore"
	"helm.sh/helm/v4/pkg/strvals"
)

var errNoChart = errors.New("this is no Helm chart")

// renderChart renders a chart as "helm template" does, in the child process: hooks and CRDs included, notes and
// partials not, lookups empty.
func renderChart(t *tree, request renderRequest) (answer renderAnswer, err error) {
	load := chartFiles
	if request.Kind == chartArchive {
		load = archiveFiles
	}
	files, gaps, err := load(t, request.Path)
	if errors.Is(err, errNoChart) {
		return renderAnswer{None: true}, nil
	}
	if err != nil {
		return answer, err
	}
	answer.Gaps = gaps
	if err := checkSubcharts(files, 1); err != nil {
		return answer, err
	}
	c, err := loader.LoadFiles(files)
	if err != nil {
		return answer, err
	}
	if c.Metadata.Type == "library" {
		return answer, nil // it renders nothing by itself
	}
	values, err := chartValues(request.Settings)
	if err != nil {
		return answer, err
	}
	caps, err := capabilities(request.Settings)
	if err != nil {
		return answer, err
	}
	if want := c.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, caps.KubeVersion.String()) {
		return answer, fmt.Errorf("it wants Kubernetes %s, and this is %s (--kube-version)", want, caps.KubeVersion.String())
	}
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return answer, err
	}
	answer.Gaps = append(answer.Gaps, missingDependencies(c)...)
	if request.Settings.WantValues {
		if answer.Values, err = util.CoalesceValues(c, values); err != nil {
			return answer, err
		}
	}
	rendered, failed, err := execute(c, values, caps, request.Settings)
	answer.Files, answer.Gaps = rendered, append(answer.Gaps, failed...)
	return answer, err
}

// execute runs the templates and adds the CRDs, all in the order of their names. It names the templates that fail.
func execute(
	c *chart.Chart, values map[string]any, caps *common.Capabilities, s renderSettings,
) (out []renderedFile, failed []string, err error) {
	release := common.ReleaseOptions{Name: s.Release, Namespace: s.Namespace, Revision: 1, IsInstall: true}
	// The schema of the values is not checked: it may refer to the network, and what does not fit is still judged.
	full, err := util.ToRenderValuesWithSchemaValidation(c, values, release, caps, true)
	if err != nil {
		return nil, nil, err
	}
	texts, failed, err := executeWhatWorks(c, full)
	if err != nil {
		return nil, nil, err
	}
	for _, crd := range c.CRDObjects() {
		out = append(out, renderedFile{Name: withoutChart(path.Clean(crd.Filename)), Text: string(crd.File.Data)})
	}
	slices.SortFunc(out, func(a, b renderedFile) int { return strings.Compare(a.Name, b.Name) })
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if path.Base(name) == "NOTES.txt" || strings.HasPrefix(path.Base(name), "_") || strings.TrimSpace(texts[name]) == "" {
			continue
		}
		out = append(out, renderedFile{Name: withoutChart(name), Text: texts[name]})
	}
	return out, failed, nil
}

// maxFailed is how many templates of a chart may fail before it is given up as a whole.
const maxFailed = 20

// failedAt matches the place that Helm's error names: "execution error at (shop/templates/cart.yaml:3:5): …".
var failedAt = regexp.MustCompile(`^(?:template: |(?:execution|parse) error at \()?([^\s():]+):\d+`)

// executeWhatWorks runs the templates and, when one fails, the others without it: one value that the chart requires
// should not hide the rest of it. Helm itself would install nothing.
func executeWhatWorks(c *chart.Chart, values common.Values) (texts map[string]string, failed []string, err error) {
	for {
		texts, err = engine.Render(c, values)
		if err == nil || len(failed) == maxFailed {
			return texts, failed, err
		}
		match := failedAt.FindStringSubmatch(err.Error())
		if match == nil || !dropTemplate(c, match[1]) {
			return nil, nil, err
		}
		failed = append(failed, "a template of the chart cannot be rendered: "+templateError(match[1], err))
	}
}

// templateError is Helm's error, which repeats itself for a template that includes itself.
func templateError(name string, err error) string {
	if strings.Contains(err.Error(), "nested reference name") {
		return name + " includes itself without end"
	}
	return err.Error()
}

// dropTemplate removes the template with this full name from the chart or the subchart that has it.
func dropTemplate(c *chart.Chart, name string) bool {
	for i, t := range c.Templates {
		if path.Join(c.ChartFullPath(), t.Name) == name && !strings.HasPrefix(path.Base(name), "_") {
			c.Templates = slices.Delete(c.Templates, i, i+1)
			return true
		}
	}
	for _, sub := range c.Dependencies() {
		if dropTemplate(sub, name) {
			return true
		}
	}
	return false
}

// withoutChart drops the chart's name, which stands for its folder.
func withoutChart(name string) string {
	_, rest, _ := strings.Cut(name, "/")
	return rest
}

// chartValues merges values files and assignments in Helm's order.
func chartValues(s renderSettings) (map[string]any, error) {
	values := map[string]any{}
	for i, text := range s.Values {
		next, err := loader.LoadValues(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("read values file %d: %w", i+1, err)
		}
		values = loader.MergeMaps(values, next)
	}
	for _, assignment := range s.Set {
		if err := strvals.ParseInto(assignment, values); err != nil {
			return nil, fmt.Errorf("set a value: %w", err)
		}
	}
	for _, assignment := range s.SetString {
		if err := strvals.ParseIntoString(assignment, values); err != nil {
			return nil, fmt.Errorf("set a value: %w", err)
		}
	}
	return values, nil
}

// capabilities are what a chart can ask about the cluster.
func capabilities(s renderSettings) (*common.Capabilities, error) {
	v, err := common.ParseKubeVersion(s.KubeVersion)
	if err != nil {
		return nil, fmt.Errorf("read the Kubernetes version: %w", err)
	}
	caps := common.DefaultCapabilities.Copy()
	caps.KubeVersion = *v
	caps.APIVersions = append(slices.Clone(caps.APIVersions), s.APIVersions...)
	return caps, nil
}

// missingDependencies names the charts that Chart.yaml asks for and that are neither there nor switched off.
func missingDependencies(c *chart.Chart) []string {
	var missing []string
	for _, d := range c.Metadata.Dependencies {
		if d == nil || !d.Enabled {
			continue
		}
		there := slices.ContainsFunc(c.Dependencies(), func(dep *chart.Chart) bool {
			return dep.Name() == or(d.Alias, d.Name) || dep.Name() == d.Name
		})
		if !there {
			missing = append(missing, fmt.Sprintf("the subchart %s is not in charts/ (run helm dependency build)", d.Name))
		}
	}
	return missing
}

const (
	maxChartFiles = 10_000
	maxChartDepth = 40
)

// chartFiles reads a chart's folder, without what its .helmignore names. Symbolic links that leave the tree are
// left out and named in gaps.
func chartFiles(t *tree, folder string) (files []*archive.BufferedFile, gaps []string, err error) {
	rules := ignore.Empty()
	if t.Exists(path.Join(folder, ignore.HelmIgnore)) {
		data, err := t.ReadFile(path.Join(folder, ignore.HelmIgnore))
		if err != nil {
			return nil, nil, err
		}
		if rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", ignore.HelmIgnore, err)
		}
	}
	rules.AddDefaults()
	l := chartLoader{tree: t, folder: folder, rules: rules}
	err = l.add("", 0)
	return l.files, l.gaps, err
}

// chartLoader collects the files of a chart's folder.
type chartLoader struct {
	tree   *tree
	folder string
	rules  *ignore.Rules
	files  []*archive.BufferedFile
	gaps   []string
}

func (l *chartLoader) add(below string, depth int) error {
	if depth > maxChartDepth {
		return errors.New("its folders nest too deep")
	}
	names, err := l.tree.ReadDir(path.Join(l.folder, below))
	if err != nil {
		return err
	}
	for _, name := range names {
		name = path.Join(below, name)
		info, err := l.tree.root.Stat(rel(path.Join(l.folder, name)))
		if err != nil {
			l.gaps = append(l.gaps, fmt.Sprintf("%s of the chart cannot be read: %v", name, plainReason(err)))
			continue
		}
		if l.rules.Ignore(name, info) {
			continue
		}
		if err := l.entry(name, info, depth); err != nil {
			return err
		}
	}
	return nil
}

func (l *chartLoader) entry(name string, info fs.FileInfo, depth int) error {
	switch {
	case info.IsDir():
		return l.add(name, depth+1)
	case !info.Mode().IsRegular():
		l.gaps = append(l.gaps, name+" of the chart is no regular file")
		return nil
	case len(l.files) >= maxChartFiles:
		return fmt.Errorf("it has more than %d files", maxChartFiles)
	}
	data, err := l.tree.ReadFile(path.Join(l.folder, name))
	if err != nil {
		return err
	}
	l.files = append(l.files, &archive.BufferedFile{Name: name, Data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))})
	return nil
}
