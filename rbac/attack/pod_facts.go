package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// podFacts are what the techniques of pods and nodes find out once, when the first of them asks.
type podFacts struct {
	hosts, debuggers, claimants *probe                                  // what admission says
	kindPlaces                  map[string]map[string]*inventory.Object // see placesOf
	debugNodes                  map[string][]finding.Ref                // see debuggableNodes
	byNode                      map[string][]int                        // see workloadsOn
	controlNodes                map[string]bool                         // see isControlPlane
	surfaces                    []surface                               // see hostSurfaces
	accountFields               map[finding.Path]finding.Path           // see accountField
}
