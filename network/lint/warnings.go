package lint

import (
	"github.com/plimsoll-io/plimsoll/network"
)

// warnings are those of the Map. Names of ports it judges without the pods that are meant: ports does that.
func (c *checker) warnings() {
	kinds := map[string]Kind{
		network.Refused: Refused, network.HostBits: HostBits, network.Duplicate: Duplicate, network.NoEffect: NoEffect,
		network.Ambiguous: AmbiguousPriority,
	}
	for _, w := range c.m.Warnings() {
		if kind, known := kinds[w.Fact]; known && w.Source != nil {
			c.found(kind, w.Source, w.Path, w.Message)
		}
	}
}
