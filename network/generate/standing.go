package generate

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// What generated policies carry, so that a later plan knows them again.
const (
	managedBy     = "app.kubernetes.io/managed-by"
	plimsoll      = "plimsoll"
	GeneratedFrom = "plimsoll.io/generated-from"
)

// Generated says whether a policy was made by a plan.
func Generated(o *inventory.Object) bool {
	_, has := o.Annotations()[GeneratedFrom]
	return has && o.Labels()[managedBy] == plimsoll
}

// standing is the NetworkPolicies that are there.
type standing struct {
	// taken are the names of those that stay, by namespace and name; kept are they by namespace.
	taken map[[2]string]bool
	kept  map[string][]string
	// gone are those that are replaced.
	gone []*inventory.Object
	// closed are the directions in which a policy that stays isolates all pods and opens nothing, by namespace.
	closed map[string][]network.Direction
}

// read finds out which policies stay.
func (s *standing) read(m *network.Map, covered map[string]bool, existing Existing) {
	s.taken, s.kept, s.closed = map[[2]string]bool{}, map[string][]string{}, map[string][]network.Direction{}
	readings := m.Readings()
	for i := range readings {
		r := &readings[i]
		if r.Object == nil || r.Object.Kind != "NetworkPolicy" {
			continue
		}
		ns := r.Object.Namespace
		if !covered[ns] {
			continue
		}
		if existing == Replace || Generated(r.Object) {
			s.gone = append(s.gone, r.Object)
			continue
		}
		s.taken[[2]string{ns, r.Object.Name}] = true
		s.kept[ns] = append(s.kept[ns], r.Object.Name)
		if r.Doubt != "" || !r.Selects.EveryPod() {
			continue
		}
		for _, d := range []network.Direction{network.Ingress, network.Egress} {
			if r.Isolates(d) == network.Allowed && len(r.Rules(d)) == 0 && !slices.Contains(s.closed[ns], d) {
				s.closed[ns] = append(s.closed[ns], d)
			}
		}
	}
}
