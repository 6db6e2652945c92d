package baseline

// level names what the level "mature" asks for and manifests cannot show.
func (b *builder) level() {
	b.plan.CannotKnow = append(b.plan.CannotKnow, "whether the cluster is mature in what no manifest shows: that the network plug-in "+
		"enforces policies, "+
		"that the log is kept off the cluster and no event is lost, that grants and rights are used, that images are signed and scanned, "+
		"that certificates and keys are rotated, that changes and reviews are recorded by people, and that a sensor watches the nodes")
	if b.Kind != Cluster {
		b.plan.CannotKnow = append(b.plan.CannotKnow,
			"whether Secrets are encrypted at rest, requests recorded and anonymous ones limited: those are flags of the API server, see "+
				"plimsoll harden baseline cluster")
	}
}
