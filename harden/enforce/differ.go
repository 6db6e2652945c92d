package enforce

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Difference is a field that is not as it was installed.
type Difference struct {
	Path finding.Path `json:"path"`
	// Want and Have are JSON shapes; nil, and left out of JSON, where the field should not be, or is not there.
	Want any `json:"want,omitempty"`
	Have any `json:"have,omitempty"`
	// By is the field manager that owns the field now, and Since when it wrote last; "" when that is not known.
	By    string `json:"by,omitempty"`
	Since string `json:"since,omitempty"`
}

// defaults are what an API server fills in.
var defaults = map[string]any{
	"matchPolicy": "Equivalent", "scope": "*", "failurePolicy": "Fail", "namespaceSelector": map[string]any{}, "objectSelector": map[string]any{},
}

// differences are the fields below path that are not as wanted. What an API server fills in is no difference.
func differences(path finding.Path, want, have any) []Difference {
	w, ok := want.(map[string]any)
	h, also := have.(map[string]any)
	if ok && also {
		return mapDifferences(path, w, h)
	}
	wl, ok := want.([]any)
	hl, also := have.([]any)
	if ok && also && len(wl) == len(hl) {
		var out []Difference
		for i := range wl {
			out = append(out, differences(path.Index(i), wl[i], hl[i])...)
		}
		return out
	}
	if reflect.DeepEqual(want, have) || fmt.Sprint(want) == fmt.Sprint(have) && !ok && !also {
		return nil
	}
	return []Difference{{Path: path, Want: want, Have: have}}
}

func mapDifferences(path finding.Path, want, have map[string]any) []Difference {
	keys := slices.Collect(maps.Keys(want))
	for key := range have {
		if _, ok := want[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var out []Difference
	for _, key := range keys {
		w, wanted := want[key]
		h, there := have[key]
		if !wanted || !there {
			usual, ok := defaults[key]
			if ok && (!there && reflect.DeepEqual(w, usual) || !wanted && reflect.DeepEqual(h, usual)) {
				continue
			}
		}
		out = append(out, differences(path.Field(key), w, h)...)
	}
	return out
}

// drift is how an installed object differs from what was written: in its spec, its labels and our annotations.
func drift(want, have map[string]any) []Difference {
	out := differences("spec", want["spec"], have["spec"])
	for _, part := range []string{"labels", "annotations"} {
		wanted, there := inventory.Map(want, "metadata", part), inventory.Map(have, "metadata", part)
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			if key != digestNote { // a digest of another version is told as such
				out = append(out, differences(finding.Path("metadata").Field(part).Field(key), wanted[key], there[key])...)
			}
		}
	}
	for i := range out {
		out[i].By, out[i].Since = ownerOf(have, out[i].Path)
	}
	return out
}

// ownerOf is the field manager, other than us, that owns a field or what it is in, where the object still has the
// server's record of it.
func ownerOf(content map[string]any, path finding.Path) (by, since string) {
	var steps []string
	for _, s := range path.Steps() {
		if s.Field == "" {
			break // lists are owned as a whole, or by keys that the path does not have
		}
		steps = append(steps, "f:"+s.Field)
	}
	best := 0
	for _, entry := range inventory.Maps(inventory.Map(content, "metadata")["managedFields"]) {
		name := inventory.String(entry, "manager")
		fields := inventory.Map(entry, "fieldsV1")
		depth := 0
		for _, s := range steps {
			below, ok := fields[s].(map[string]any)
			if !ok {
				break
			}
			fields = below
			depth++
		}
		if name != Owner && depth > best && depth > 1 {
			best, by, since = depth, name, inventory.String(entry, "time")
		}
	}
	if _, err := time.Parse(time.RFC3339, since); err != nil {
		since = ""
	}
	return by, since
}
