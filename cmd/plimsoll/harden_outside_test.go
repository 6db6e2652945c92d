package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

// The chart exposes some fields by values: of one component, of a subchart, by keys of other names. One key looks
// right and drives something else, too.
var outsideChart = map[string]string{
	"chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
	"chart/values.yaml": `web:
  podSecurityContext: {}
  containerSecurityContext: {capabilities: {drop: [CHOWN]}}
  image: {tag: "1.2", pullPolicy: IfNotPresent}
cache:
  securityContext: {}
shared:
  securityContext: {}
`,
	"chart/templates/web.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {{ toJson .Values.web.podSecurityContext }}
      containers:
      - name: web
        image: "registry.example/web:{{ .Values.web.image.tag }}"
        imagePullPolicy: {{ .Values.web.image.pullPolicy }}
        securityContext: {{ toJson .Values.web.containerSecurityContext }}
`,
	"chart/templates/cache.yaml": `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: cache, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app: cache}}
  template:
    metadata: {labels: {app: cache}}
    spec:
      containers:
      - {name: cache, image: "redis:7.2"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cache, namespace: {{ .Release.Namespace }}}
data: {context: {{ toJson .Values.cache.securityContext | quote }}, random: {{ randAlphaNum 8 | quote }}}
`,
	"kustom/kustomization.yaml": "resources: [pod.yaml]\nnamePrefix: eu-\n",
	"kustom/pod.yaml":           privileged,
}

func layOut(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The patches hold what values cannot, and the values only what was proved.
func TestHardenChart(t *testing.T) {
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(layOut(t, outsideChart))
	diff, stderr, code := plimsoll(t, "", "harden", "chart", "--risky")
	if code != exitFindings {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	_, stderr, code = plimsoll(t, "", "harden", "chart", "--risky", "--patches", "out")
	if code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	var all string
	for _, name := range []string{"harden-values.yaml", "kustomization.yaml", "deployment-web.yaml", "statefulset-cache.yaml"} {
		text, err := os.ReadFile(filepath.Join("out", name))
		if err != nil {
			t.Fatal(err)
		}
		all += "== " + name + "\n" + string(text)
	}
	if _, stderr, code = plimsoll(t, "", "harden", "chart", "--risky", "--patches", "out"); code != exitOK {
		t.Errorf("a second run: exit code %d: %s", code, stderr)
	}
	again, _, _ := plimsoll(t, "", "harden", "chart", "--risky", "--values", "out/harden-values.yaml")
	if strings.Contains(again, "harden-values") {
		t.Errorf("with the values there is more to suggest: %s", again)
	}
	t.Chdir(home)
	answertest.Golden(t, filepath.Join("harden", "chart.diff"), diff, *update)
	answertest.Golden(t, filepath.Join("harden", "chart-overlay.txt"), all, *update)
}

// The overlay builds on the kustomization where it lies, and is itself without findings that have an edit.
func TestHardenKustomization(t *testing.T) {
	t.Chdir(layOut(t, outsideChart))
	args := []string{"--risky", "--control", "privileged-container", "--control", "run-as-root"}
	if _, stderr, code := plimsoll(t, "", append([]string{"harden", "kustom", "--patches", "a/out"}, args...)...); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if text, err := os.ReadFile("a/out/kustomization.yaml"); err != nil || !strings.Contains(string(text), "- ../../kustom\n") {
		t.Errorf("%v: %s", err, text)
	}
	stdout, stderr, code := plimsoll(t, "", append([]string{"harden", "a/out"}, args...)...)
	if code != exitOK || stdout != "" || !strings.Contains(stderr, "No edits to make.") {
		t.Errorf("the overlay has findings: exit code %d: %s%s", code, stdout, stderr)
	}
}

// Files of others are not replaced, and nothing is written beside them.
func TestHardenKeepsOthersFiles(t *testing.T) {
	files := map[string]string{"out/kustomization.yaml": "resources: []\n"}
	for name, text := range outsideChart {
		files[name] = text
	}
	t.Chdir(layOut(t, files))
	_, stderr, code := plimsoll(t, "", "harden", "chart", "--risky", "--patches", "out")
	if code != exitError || !strings.Contains(stderr, "harden did not write it") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if entries, err := os.ReadDir("out"); err != nil || len(entries) != 1 {
		t.Errorf("%d entries: %v", len(entries), err)
	}
}
