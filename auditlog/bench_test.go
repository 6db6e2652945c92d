package auditlog_test

import (
	"bytes"
	"testing"

	"github.com/plimsoll-io/plimsoll/auditlog"
)

type counter struct{ n int }

func (c *counter) Consume(*auditlog.Event) { c.n++ }

// BenchmarkRead is one core; MB/s are those of the log.
func BenchmarkRead(b *testing.B) {
	log := []byte(logOf(20000, "\n"))
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := auditlog.Read(b.Context(), []auditlog.Input{auditlog.FromReader("log", bytes.NewReader(log))},
			auditlog.Options{Ordered: true}, func() auditlog.Consumer { return new(counter) })
		if err != nil {
			b.Fatal(err)
		}
	}
}
