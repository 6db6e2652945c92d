package main

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// TestNetworkShape holds that a cluster is what its shape says, and the same each time.
func TestNetworkShape(t *testing.T) {
	for name, shape := range map[string]networkShape{"proportional": proportional(50, 5), "fixed labels": fixedLabels(200)} {
		objects := shape.objects()
		if !reflect.DeepEqual(objects, shape.objects()) {
			t.Errorf("%s: the second cluster differs", name)
		}
		count := map[any]int{}
		for _, o := range objects {
			count[o["kind"]]++
		}
		want := map[any]int{"Namespace": shape.namespaces, "Deployment": shape.workloads, "Pod": shape.pods, "NetworkPolicy": shape.policies}
		if !reflect.DeepEqual(count, want) {
			t.Errorf("%s: there are %v and not %v", name, count, want)
		}
	}
}

// TestListPairs holds that the files that a peer gets give the pairs that the cluster in memory has.
func TestListPairs(t *testing.T) {
	folder := t.TempDir()
	if err := writeYAML(folder, proportional(20, 0).objects()); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := listPairs(folder, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "Deployment team-0000/app-0-0 => Deployment team-0000/app-1-4 : all\n") {
		t.Errorf("neighbours cannot talk to each other:\n%s", out.String())
	}
}
