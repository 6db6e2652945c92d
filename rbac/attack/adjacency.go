package attack

// An adjacency lists, for each foothold, the edges that touch it on one side: links first, then steps, each in the order
// in which they were found. One array holds all lists.
type adjacency struct {
	start []int32 // per foothold, where its list begins; one more for the end
	steps []int32 // per foothold, where its links end and its steps begin
	edges []int32
}

// newAdjacency sorts edges by the foothold that side names, by counting.
func newAdjacency(footholds int, edges []edge, side func(*edge) int32) adjacency {
	a := adjacency{start: make([]int32, footholds+1), steps: make([]int32, footholds), edges: make([]int32, len(edges))}
	for i := range edges {
		a.start[side(&edges[i])+1]++
		if edges[i].technique == structural {
			a.steps[side(&edges[i])]++
		}
	}
	for i := range a.steps {
		a.start[i+1] += a.start[i]
		a.steps[i] += a.start[i]
	}
	nextLink, nextStep := make([]int32, footholds), make([]int32, footholds)
	copy(nextLink, a.start)
	copy(nextStep, a.steps)
	for i := range edges {
		at, next := side(&edges[i]), nextStep
		if edges[i].technique == structural {
			next = nextLink
		}
		a.edges[next[at]] = int32(i)
		next[at]++
	}
	return a
}

// linksAt are the links at a foothold, stepsAt the steps.
func (a *adjacency) linksAt(foothold int32) []int32 {
	return a.edges[a.start[foothold]:a.steps[foothold]]
}

func (a *adjacency) stepsAt(foothold int32) []int32 {
	return a.edges[a.steps[foothold]:a.start[foothold+1]]
}
