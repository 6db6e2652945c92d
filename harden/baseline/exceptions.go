package baseline

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/harden/plan"
)

// configFile is the configuration of scans: one that is started in the folder of the baseline finds it.
const configFile = "plimsoll.yaml"

// exceptions writes what is accepted, and the settings, as scans read them.
func (b *builder) exceptions() {
	doc := map[string]any{"apiVersion": "plimsoll.io/v1", "kind": "Config"}
	if len(b.Registries) > 0 {
		doc["params"] = map[string]any{registryControl: map[string]any{"registries": strings.Join(b.Registries, "\n")}}
	}
	var exceptions []any
	for _, x := range b.accepted() {
		exceptions = append(exceptions, map[string]any{
			"name": x.Name, "controls": list(x.Controls...), "reason": x.Reason, "owner": x.Owner, "ticket": x.Ticket,
			"approvedBy": x.ApprovedBy, "expires": x.Expires.Format(time.DateOnly),
			"objects": map[string]any{
				"namespaces": list(x.Objects.Namespaces...), "kinds": list(x.Objects.Kinds...), "names": list(x.Objects.Names...),
			},
		})
	}
	if len(exceptions) > 0 {
		doc["exceptions"] = exceptions
	}
	if len(doc) == 2 {
		return
	}
	text, err := yaml.Marshal(doc)
	if err != nil {
		return // strings and lists of strings always can be written
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "# What scans of this baseline are told: plimsoll scan --config %s\n%s", configFile, text)
	b.files = append(b.files, plan.File{Name: configFile, Text: out.Bytes()})
}
