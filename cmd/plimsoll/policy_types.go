package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory/cluster"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
)

// checkTypes checks expressions against the types of an API server's kinds, by the documents of --openapi, or of the
// cluster that is judged. The answer says which of the two it was, or that it was neither.
func (o *PolicyTestOptions) checkTypes(ctx context.Context, live bool, set *admission.Set, h *reportadmission.Header) error {
	var documents [][]byte
	by := ""
	switch versions := set.GroupVersions(); {
	case len(o.OpenAPI) > 0:
		for _, name := range o.OpenAPI {
			text, err := os.ReadFile(name) // #nosec G304 -- the user names the files
			if err != nil {
				return fmt.Errorf("read OpenAPI document: %w", err)
			}
			documents = append(documents, text)
		}
		by = "against " + strings.Join(o.OpenAPI, ", ")
	case live && len(versions) > 0:
		c := cluster.Config{Kubeconfig: o.Input.Kubeconfig, Context: o.Input.Context}
		var err error
		if documents, err = cluster.OpenAPI(ctx, c, versions); err != nil {
			h.TypeChecked = "no: " + err.Error()
			return nil //nolint:nilerr // the answer says it: policies are judged all the same
		}
		by = "against the schemas of the cluster"
	default:
		return nil
	}
	if len(documents) == 0 {
		return nil
	}
	schemas, err := policy.ReadSchemas(documents...)
	if err != nil {
		return err
	}
	warnings, unchecked := set.CheckTypes(schemas)
	h.TypeChecked = by
	if len(unchecked) > 0 {
		h.TypeChecked += ", but for " + strings.Join(unchecked, ", ") + ": they name no kind that has a schema there"
	}
	h.Warnings = append(h.Warnings, warnings...)
	return nil
}

// hasCluster says whether there is a cluster to ask: the one that is judged, or one that is named beside files.
func (o *PolicyTestOptions) hasCluster(paths []string) bool {
	return len(paths) == 0 || o.Input.Context != "" || o.Input.Kubeconfig != ""
}
