package controlplane_test

import (
	"testing"

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
	if err := c.RestartAPIServer(); err != nil {
		t.Fatal(err)
	}
}
