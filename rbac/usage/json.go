package usage

import (
	"encoding/json"
	"time"
)

func marshalUse(u *Use) ([]byte, error) {
	out := struct {
		Right
		Names       []string   `json:"names,omitempty"`
		OtherNames  int64      `json:"otherNames,omitempty"`
		Count       int64      `json:"count"`
		First       *time.Time `json:"first"`
		Last        *time.Time `json:"last"`
		Authorizers []string   `json:"authorizers,omitempty"`
	}{Right: u.Right, Names: u.Names(), OtherNames: u.OtherNames, Count: u.Count(), Authorizers: u.Authorizers}
	if !u.First.IsZero() {
		out.First, out.Last = &u.First, &u.Last
	}
	return json.Marshal(out)
}
