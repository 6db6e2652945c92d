package controlplane_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

func TestStart(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Controllers: true})
	roles, err := c.Client.RbacV1().ClusterRoles().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(roles.Items) < 60 {
		t.Errorf("the API server has %d cluster roles", len(roles.Items))
	}
	c.StartKwok(t)
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-0"}}
	if _, err := c.Client.CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "cart"}, Spec: corev1.PodSpec{
		NodeName: node.Name, Containers: []corev1.Container{{Name: "web", Image: "cart"}},
		Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
	}}
	if _, err := c.Client.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := controlplane.Wait(time.Minute, func() error {
		got, err := c.Client.CoreV1().Pods("default").Get(t.Context(), pod.Name, metav1.GetOptions{})
		if err == nil && got.Status.Phase != corev1.PodRunning {
			err = fmt.Errorf("the pod is %s", got.Status.Phase)
		}
		return err
	}); err != nil {
		text, _ := os.ReadFile(filepath.Join(c.Folder, "kwok.log"))
		t.Errorf("%v\n%s", err, text[max(0, len(text)-2000):])
	}
	if err := c.RestartAPIServer(); err != nil {
		t.Fatal(err)
	}
}
