package bootstrap

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// objectsFile holds the newest version's default RBAC objects, one JSON object a line. Written by gen.
//
//go:embed objects.json
var objectsFile string

// Objects are the RBAC objects that an API server of the newest known version installs, for inventories of files, which
// bind to them and do not hold them. Aggregated ClusterRoles have no rules yet. They are shared and read-only.
var Objects = sync.OnceValue(func() []*inventory.Object {
	var out []*inventory.Object
	for line := range strings.Lines(objectsFile) {
		var content map[string]any
		if err := json.Unmarshal([]byte(line), &content); err != nil {
			panic("inventory/bootstrap: the embedded objects.json is broken: " + err.Error())
		}
		out = append(out, &inventory.Object{Content: content, Default: true, Ref: finding.Ref{
			APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
			Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
		}})
	}
	return out
})
