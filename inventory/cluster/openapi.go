package cluster

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// OpenAPI reads the OpenAPI documents (version 3, JSON) of group versions from the API server. Those that it does not
// serve are left out.
func OpenAPI(ctx context.Context, config Config, versions []schema.GroupVersion) ([][]byte, error) {
	r, _, err := connect(config, &atomic.Int64{})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openAPITime)
	defer cancel()
	var out [][]byte
	for _, gv := range versions {
		path := "/openapi/v3/apis/" + gv.String()
		if gv.Group == "" {
			path = "/openapi/v3/api/" + gv.Version
		}
		text, err := r.discovery.RESTClient().Get().AbsPath(path).SetHeader("Accept", "application/json").DoRaw(ctx)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the OpenAPI document of %s: %w", gv, err)
		}
		out = append(out, text)
	}
	return out, nil
}

// openAPITime bounds the reading of all documents.
const openAPITime = time.Minute
