package manifest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/version"

	"helm.sh/helm/v4/pkg/strvals"

	"github.com/plimsoll-io/plimsoll/inventory"
)

const (
	defaultRenderTime   = 60 * time.Second
	defaultRenderMemory = 256 << 20
	defaultRenderOutput = 64 << 20
	maxRenderers        = 4 // child processes at once
	maxValuesFile       = 4 << 20
)

// renderSettings are what every rendering is told; they cross over to the child process.
type renderSettings struct {
	Values      []string `json:"values"` // texts of the values files
	Set         []string `json:"set"`
	SetString   []string `json:"setString"`
	Release     string   `json:"release"`
	Namespace   string   `json:"namespace"`
	KubeVersion string   `json:"kubeVersion"`
	APIVersions []string `json:"apiVersions"`

	WantValues bool `json:"wantValues"` // answer with the values of a chart, too

	given bool // the Kubernetes version was named by the user
}

// version is the target version as an inventory has it.
func (s renderSettings) version() string {
	if !s.given {
		return ""
	}
	return s.KubeVersion
}

// newRenderSettings reads values files and checks what can be checked before anything is rendered.
func newRenderSettings(opts Options) (renderSettings, error) {
	c := opts.Chart
	s := renderSettings{
		Set: c.Set, SetString: c.SetString, Release: or(c.ReleaseName, defaultRelease), Namespace: opts.namespace(),
		KubeVersion: defaultKubeVersion, APIVersions: c.APIVersions, given: c.KubeVersion != "",
	}
	if s.given {
		v, err := version.ParseGeneric(c.KubeVersion)
		if err != nil {
			return s, fmt.Errorf("read the Kubernetes version %q: use the form 1.36 or v1.36.2", c.KubeVersion)
		}
		s.KubeVersion = fmt.Sprintf("v%d.%d.%d", v.Major(), v.Minor(), v.Patch())
	}
	for _, name := range c.ValuesFiles {
		text, err := readValues(name)
		if err != nil {
			return s, fmt.Errorf("read the values file %s: %s", name, reason(err))
		}
		s.Values = append(s.Values, text)
	}
	for i, set := range [][]string{c.Set, c.SetString} {
		for _, assignment := range set {
			if _, err := strvals.Parse(assignment); err != nil {
				key, _, _ := strings.Cut(assignment, "=") // the value may be a secret
				return s, fmt.Errorf("read %s %s=…: use the form name.field=value", []string{"--set", "--set-string"}[i], key)
			}
		}
	}
	return s, nil
}

func readValues(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxValuesFile {
		return "", fmt.Errorf("it has to be a file of at most %d bytes", maxValuesFile)
	}
	data, err := os.ReadFile(name)
	return string(data), err
}

// A renderRequest asks a child process for one rendering; requests and answers are JSON values in a row.
type renderRequest struct {
	Kind     inputKind      `json:"kind"`
	Tree     string         `json:"tree"` // nothing outside is read
	Path     string         `json:"path"` // of the chart or kustomization, relative to Tree, with "/"
	Memory   int            `json:"memory"`
	Output   int            `json:"output"`
	Settings renderSettings `json:"settings"`
}

// A renderAnswer is what came of it.
type renderAnswer struct {
	Files []renderedFile `json:"files"`
	Gaps  []string       `json:"gaps"`  // what could not be rendered, in a sentence each
	Read  []string       `json:"read"`  // files that were read, relative to Tree (kustomizations only)
	Error string         `json:"error"` // the whole cannot be rendered
	None  bool           `json:"none"`  // this is no chart

	Values map[string]any `json:"values,omitempty"` // of a chart, all together, when they are wanted
}

// A renderedFile is text to be read as a manifest.
type renderedFile struct {
	Name string `json:"name"` // relative to the chart or kustomization; "" for the thing itself
	Text string `json:"text"`
}

// render renders one chart or kustomization and reads what comes out. It also returns the absolute paths of files
// that went into a kustomization, none when it failed. The error is only ever that of ctx.
func (r *reader) render(ctx context.Context, p *renderer, in input) (*file, []string, error) {
	out := newFile(joinRendered(in.name, in.file), r.opts)
	out.origin.Rendered = true
	answer := renderAnswer{Error: in.problem}
	if in.problem == "" {
		rel, err := filepath.Rel(in.tree, in.abs)
		if err != nil {
			return nil, nil, fmt.Errorf("find %s: %w", in.name, err)
		}
		answer, err = p.render(ctx, renderRequest{
			Kind: in.kind, Tree: in.tree, Path: filepath.ToSlash(rel), Settings: r.settings,
			Memory: or(r.opts.Limits.Memory, defaultRenderMemory), Output: or(r.opts.Limits.Output, defaultRenderOutput),
		})
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			answer.Error = err.Error()
		}
	}
	what := "chart"
	if in.kind == kustomizationFolder {
		what = "kustomization"
	}
	switch {
	case answer.None && in.explicit:
		out.gap(inventory.Gap{Reason: "this archive holds no Helm chart"})
	case answer.Error != "":
		out.gap(inventory.Gap{Reason: "the " + what + " cannot be rendered: " + r.clean(answer.Error)})
	}
	for _, g := range answer.Gaps {
		out.gap(inventory.Gap{Reason: r.clean(g)})
	}
	r.large.Lock()
	defer r.large.Unlock()
	for _, rendered := range answer.Files {
		if rendered.Name != "" {
			out.origin.File = joinName(in.name, rendered.Name)
		}
		out.read([]byte(rendered.Text))
	}
	out.objects, out.values = withoutTests(out.objects), answer.Values
	var read []string
	for _, path := range answer.Read {
		read = append(read, filepath.Join(in.tree, filepath.FromSlash(path)))
	}
	return out, read, nil
}

func joinRendered(folder, name string) string {
	if name == "" {
		return folder
	}
	return joinName(folder, name)
}

// withoutTests leaves out the objects that only "helm test" creates.
func withoutTests(objects []*inventory.Object) []*inventory.Object {
	kept := objects[:0]
	for _, o := range objects {
		hook, _ := inventory.Map(o.Content, "metadata", "annotations")["helm.sh/hook"].(string)
		isTest := hook != ""
		for event := range strings.SplitSeq(hook, ",") {
			switch strings.TrimSpace(event) {
			case "test", "test-success", "test-failure":
			default:
				isTest = false
			}
		}
		if !isTest {
			kept = append(kept, o)
		}
	}
	return kept
}

// clean makes one line of at most 400 bytes of a message that others wrote, and that may quote anything: without
// credentials in URLs, and redacted like an object.
func (r *reader) clean(text string) string {
	fields := strings.Fields(text)
	for i, f := range fields {
		if scheme, rest, ok := strings.Cut(f, "://"); ok {
			if _, host, ok := strings.Cut(rest, "@"); ok {
				fields[i] = scheme + "://" + host
			}
		}
	}
	message := map[string]any{"message": strings.Join(fields, " ")}
	if r.opts.Redact != nil {
		r.opts.Redact(message)
	}
	text = inventory.String(message, "message")
	if len(text) > 400 {
		text = strings.ToValidUTF8(text[:400], "") + "…"
	}
	return text
}

// A renderer is a child process that renders, started when it is first needed and again after it had to be killed.
type renderer struct {
	limits RenderLimits
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.Reader
	stderr *tail
}

var errRenderTime = errors.New("it takes too long")

// render has the child answer one request within the limits. A child that breaks them is killed.
func (p *renderer) render(ctx context.Context, request renderRequest) (renderAnswer, error) {
	var answer renderAnswer
	if p.cmd == nil {
		if err := p.start(); err != nil {
			return answer, fmt.Errorf("start the rendering process: %w", err)
		}
	}
	limit := or(p.limits.Time, defaultRenderTime)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errRenderTime)
	defer cancel()
	kill := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() }) // it may have ended by itself
	// JSON escapes and names make the answer larger than its text.
	from := &io.LimitedReader{R: p.stdout, N: 8*int64(request.Output) + 1<<20}
	err := json.NewEncoder(p.stdin).Encode(request)
	if err == nil {
		err = json.NewDecoder(from).Decode(&answer)
	}
	if !kill() || err != nil {
		crash := p.stop()
		switch {
		case errors.Is(context.Cause(ctx), errRenderTime):
			return renderAnswer{}, fmt.Errorf("it takes longer than %v", limit)
		case ctx.Err() != nil:
			return renderAnswer{}, ctx.Err()
		case from.N <= 0:
			return renderAnswer{}, errors.New("its output is too large")
		}
		return renderAnswer{}, crash
	}
	return answer, nil
}

func (p *renderer) start() error {
	command := p.limits.Command
	if len(command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		command = []string{self, "__render"}
	}
	cmd := exec.Command(command[0], command[1:]...)
	// No PATH: nothing that is rendered can start a program. Windows needs SYSTEMROOT.
	cmd.Env = []string{"GOTRACEBACK=none", "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
	p.stderr = &tail{}
	cmd.Stderr = p.stderr
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if p.stdout, err = cmd.StdoutPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd = cmd
	return nil
}

// stop ends the child, and says why if it ended itself.
func (p *renderer) stop() error {
	if p.cmd == nil {
		return nil
	}
	_ = p.stdin.Close() // the child may be gone
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.cmd = nil
	switch {
	case p.stderr.contains("out of memory"), p.stderr.contains("cannot allocate memory"), p.stderr.contains(memoryMessage):
		return errors.New("it takes too much memory")
	case p.stderr.contains("stack"):
		return errors.New("it calls itself without end")
	}
	return errors.New("the rendering process ended")
}

// A tail keeps the first bytes of what is written to it, enough to tell one crash from another.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	if room := 64<<10 - t.Len(); room > 0 {
		t.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (t *tail) contains(s string) bool { return bytes.Contains(t.Bytes(), []byte(s)) }
