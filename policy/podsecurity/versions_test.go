package podsecurity

import (
	"fmt"

	"k8s.io/pod-security-admission/api"
)

func versionAndLevels(minor int) (string, [2]api.LevelVersion) {
	v := api.MajorMinorVersion(1, minor)
	return fmt.Sprintf("v1.%d", minor), [2]api.LevelVersion{
		{Level: api.LevelBaseline, Version: v}, {Level: api.LevelRestricted, Version: v},
	}
}
