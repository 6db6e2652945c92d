package attack

// podTechniques are the techniques of pods, workloads and nodes.
func podTechniques() []Technique {
	return []Technique{
		mountedToken,
		mountedSecret,
		createPods,
		createControllers,
		patchControllers,
		patchPods,
		execIntoPods,
		attach,
		portForward,
		ephemeralContainers,
		nodeProxy,
		nodePods,
		controlPlaneNode,
		privilegedContainer,
		nsenter,
		runtimeSocket,
		hostWrite,
		capSysAdmin,
		capSysPtrace,
		capSysModule,
		capDACReadSearch,
		corePattern,
		hostRead,
		varLog,
		podVolumes,
		nodeAuthorizer, // after those that read credentials of kubelets, before who has them as root
		kubeletCredentials,
		hostPathVolume,
		lurePods,
	}
}
