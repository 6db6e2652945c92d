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
		kubeletCredentials,
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
		nodeAuthorizer,
		hostPathVolume,
		lurePods,
	}
}
