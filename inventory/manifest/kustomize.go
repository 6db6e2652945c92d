package manifest

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
)

// renderKustomization builds a kustomization, in the child process. Remote bases, plug-ins and Helm charts are off.
func renderKustomization(t *tree, request renderRequest) (answer renderAnswer, err error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(t, "/"+request.Path)
	if err != nil {
		return answer, kustomizeError(err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		return answer, fmt.Errorf("write its resources: %w", err)
	}
	answer.Files, answer.Read = []renderedFile{{Text: string(text)}}, t.files()
	return answer, nil
}

// kustomizeError says in few words what kustomize says in many.
func kustomizeError(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "cycle detected"):
		_, cycle, _ := strings.Cut(text, "cycle detected")
		text = "it builds on itself: cycle detected" + cycle
	case strings.Contains(text, "remote resources are not loaded"), strings.Contains(text, "no 'git' program on path"),
		strings.Contains(text, "git cmd"), strings.Contains(text, "executable file not found"):
		text = remoteResource
	case strings.Contains(text, "must specify --enable-helm"):
		text = "it inflates a Helm chart, which is not supported; scan the chart itself"
	}
	return fmt.Errorf("%s", text)
}
