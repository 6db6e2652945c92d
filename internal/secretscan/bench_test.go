package secretscan

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// realManifests is a folder of public manifests beside the repository; without it the input is generated.
const realManifests = "../../../shared/corpora/real-manifests"

// documents are YAML documents to decode: real ones when they are there.
func documents(b *testing.B) []string {
	var docs []string
	_ = filepath.WalkDir(realManifests, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return nil //nolint:nilerr // what cannot be read is left out
		}
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		docs = append(docs, strings.Split(string(text), "\n---")...)
		return nil
	})
	if len(docs) > 0 {
		return docs
	}
	for i := range 2000 {
		docs = append(docs, fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app-%d, namespace: shop}\n"+
			"spec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: registry/app:%d\n"+
			"        env:\n        - {name: LOG_LEVEL, value: info}\n        - {name: DB_PASSWORD, value: shop%d}\n", i, i, i))
	}
	return docs
}

// BenchmarkRedact reports what redaction costs beside decoding the same documents.
func BenchmarkRedact(b *testing.B) {
	docs := documents(b)
	for b.Loop() {
		s := New()
		var decode, redact time.Duration
		for _, doc := range docs {
			start := time.Now()
			var o map[string]any
			err := yaml.Unmarshal([]byte(doc), &o)
			decode += time.Since(start)
			if err != nil || o == nil {
				continue
			}
			start = time.Now()
			s.Redact(o)
			redact += time.Since(start)
		}
		b.ReportMetric(100*float64(redact)/float64(decode), "%-of-decoding")
		b.ReportMetric(float64(redact.Milliseconds()), "ms-redact")
	}
}
