// Command psp judges pods by PodSecurityPolicies with the code of the last Kubernetes that had them. It is the oracle of
// the migration: e2e's TestPSPMigration runs it.
//
// It reads one JSON document after another, {"psp": …, "pods": [… ]}, and writes for each a list of what is wrong with each
// of the pods; nothing is filled in before.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	corev1 "k8s.io/api/core/v1"
	policyv1beta1 "k8s.io/api/policy/v1beta1"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/security/podsecuritypolicy"
)

type question struct {
	PSP  policyv1beta1.PodSecurityPolicy `json:"psp"`
	Pods []corev1.Pod                    `json:"pods"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	decoder, encoder := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var q question
		if err := decoder.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read question: %w", err)
		}
		answers, err := judge(&q)
		if err != nil {
			return err
		}
		if err := encoder.Encode(answers); err != nil {
			return err
		}
	}
}

func judge(q *question) ([][]string, error) {
	if q.PSP.Spec.AllowPrivilegeEscalation == nil { // as the API server fills it in
		yes := true
		q.PSP.Spec.AllowPrivilegeEscalation = &yes
	}
	provider, err := podsecuritypolicy.NewSimpleProvider(&q.PSP, "default", podsecuritypolicy.NewSimpleStrategyFactory())
	if err != nil {
		return nil, fmt.Errorf("use policy %s: %w", q.PSP.Name, err)
	}
	answers := [][]string{}
	for i := range q.Pods {
		legacyscheme.Scheme.Default(&q.Pods[i])
		var pod core.Pod
		if err := legacyscheme.Scheme.Convert(&q.Pods[i], &pod, nil); err != nil {
			return nil, fmt.Errorf("convert pod: %w", err)
		}
		problems := []string{}
		for _, e := range provider.ValidatePod(&pod) {
			problems = append(problems, e.Error())
		}
		answers = append(answers, problems)
	}
	return answers, nil
}
