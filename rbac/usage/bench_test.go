package usage

import (
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-io/plimsoll/rbac"
)

// BenchmarkCollectAndGenerate reads a log, compares it with what is granted and generates the roles of every subject.
func BenchmarkCollectAndGenerate(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	var log []byte
	events := 0
	for len(log) < 16<<20 {
		log = append(log, randomLog(b, random)...)
	}
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		u := collect(b, log, Options{})
		var objects []map[string]any
		for _, s := range u.Subjects() {
			objects = append(objects, u.Generate(s.Subject, nil, GenerateOptions{}).Objects...)
		}
		u.Unused(rbac.New(inventoryOf(objects...)), UnusedOptions{})
		events += int(u.Summary.Events)
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
