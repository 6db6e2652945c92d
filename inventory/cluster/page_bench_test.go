package cluster_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// BenchmarkPage compares the two ways a page of 500 pods can travel: protobuf, converted to JSON's shape, and JSON.
func BenchmarkPage(b *testing.B) {
	pods := &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
	for i := range 500 {
		pods.Items = append(pods.Items, pod(i))
	}
	codec := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	var wire bytes.Buffer
	if err := codec.Encode(pods, &wire); err != nil {
		b.Fatal(err)
	}
	text, err := json.Marshal(pods)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("protobuf", func(b *testing.B) {
		b.SetBytes(int64(wire.Len()))
		for b.Loop() {
			list, _, err := codec.Decode(wire.Bytes(), nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			for i := range list.(*corev1.PodList).Items {
				p := &list.(*corev1.PodList).Items[i]
				p.ManagedFields = nil
				if _, err := runtime.DefaultUnstructuredConverter.ToUnstructured(p); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, _, err := unstructured.UnstructuredJSONScheme.Decode(text, nil, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// pod is of the size that pods have in practice: two containers, a token volume, conditions, managed fields.
func pod(i int) corev1.Pod {
	fields := metav1.FieldsV1{Raw: []byte(`{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{` +
		`"k:{\"name\":\"web\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{".":{},"f:limits":{}}}}}}`)}
	at := metav1.NewTime(time.Unix(1700000000, 0))
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: fmt.Sprintf("cart-%d", i), Namespace: "shop", UID: "3c1b7f7e-0000-4000-8000-000000000000", CreationTimestamp: at,
		Labels:          map[string]string{"app": "cart", "pod-template-hash": "5d9f7c"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "cart-5d9f7c", UID: "1"}},
		ManagedFields: []metav1.ManagedFieldsEntry{
			{Manager: "controller", Operation: "Update", APIVersion: "v1", Time: &at, FieldsV1: &fields},
			{Manager: "kubelet", Operation: "Update", APIVersion: "v1", Time: &at, FieldsV1: &fields, Subresource: "status"},
		},
	}}
	for _, name := range []string{"web", "sidecar"} {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{
			Name: name, Image: "registry.example.com/shop/" + name + ":1.2.3", ImagePullPolicy: corev1.PullIfNotPresent,
			Env: []corev1.EnvVar{{Name: "LOG", Value: "info"}, {Name: "PORT", Value: "8080"}},
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
				"cpu": resource.MustParse("500m"), "memory": resource.MustParse("256Mi"),
			}},
			VolumeMounts:  []corev1.VolumeMount{{Name: "token", ReadOnly: true, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"}},
			LivenessProbe: &corev1.Probe{PeriodSeconds: 10, ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/"}}},
		})
	}
	for _, c := range []corev1.PodConditionType{"Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: c, Status: "True", LastTransitionTime: at})
	}
	return p
}
