package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"sync"
)

// memoSize is how many distinct contents are remembered. Replicas of one workload come close together, so the oldest
// may go first.
const memoSize = 4096

// A memo remembers the verdicts of contents: of each only the policies that did not simply pass.
type memo struct {
	mu    sync.Mutex
	known map[memoKey][]remark
	order []memoKey // a ring
	next  int
}

// A memoKey names a batch, and the content and parameters that it judged.
type memoKey struct {
	batch           *batch
	content, params [sha256.Size]byte
}

// A remark is a verdict other than "matched, and nothing found".
type remark struct {
	index   int
	verdict Verdict
}

func newMemo() *memo { return &memo{known: map[memoKey][]remark{}} }

func (m *memo) get(key memoKey) ([]remark, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	remarks, ok := m.known[key]
	return remarks, ok
}

// put remembers the verdicts of a batch, unless they are errors (which may pass) or name what the key leaves out.
func (m *memo) put(key memoKey, b *batch, verdicts []Verdict) {
	var remarks []remark
	for _, member := range b.members {
		v := verdicts[member.index]
		if v.Err != nil {
			return
		}
		for _, path := range v.Violations {
			if strings.Contains(string(path), tokenVolumePrefix) {
				return
			}
		}
		if !v.Matched || v.Denied {
			remarks = append(remarks, remark{member.index, v})
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[key]; ok {
		return
	}
	if len(m.order) < memoSize {
		m.order = append(m.order, key)
	} else {
		delete(m.known, m.order[m.next])
		m.order[m.next] = key
		m.next = (m.next + 1) % memoSize
	}
	m.known[key] = remarks
}

// unseen are the fields of metadata that tell replicas apart. A policy that reads one of them is never remembered.
var unseen = []string{
	"name", "generateName", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink",
}

// tokenVolumePrefix starts the name of the volume that the API server adds to each Pod, with a random end.
const tokenVolumePrefix = "kube-api-access-"

// sharable says whether verdicts of a policy that reads this can be shared by objects with the same key.
func (r reads) sharable() bool {
	return !r.whole && !r.namespace && !r.fields["nodeName"] && !r.fields["status"] &&
		!slices.ContainsFunc(unseen, func(field string) bool { return r.metadata[field] })
}

// content identifies what of an object can matter to a verdict.
type content struct {
	hash [sha256.Size]byte
	size int // of the canonical text, in bytes
	ok   bool
}

// contentOf identifies an object by everything but its status and the fields of metadata that nobody reads.
func contentOf(in Input, metadata []string) content {
	h := hashers.Get().(*hasher)
	defer h.release()
	for _, s := range []string{in.Resource.Group, in.Resource.Version, in.Resource.Resource, in.Kind.Group, in.Kind.Version, in.Kind.Kind} {
		h.string(s)
	}
	from := len(h.keys)
	for _, field := range h.sorted(in.Object) {
		switch field {
		case "status":
		case "metadata":
			meta, _ := in.Object[field].(map[string]any)
			for _, name := range metadata {
				h.string(name)
				h.value(meta[name])
			}
		case "spec":
			h.string(field)
			if spec, isMap := in.Object[field].(map[string]any); isMap && in.Kind.Kind == "Pod" {
				h.podSpec(spec)
				continue
			}
			h.value(in.Object[field])
		default:
			h.string(field)
			h.value(in.Object[field])
		}
	}
	h.keys = h.keys[:from]
	return content{sha256.Sum256(h.text), len(h.text), !h.strange}
}

// key is the memo's key for a batch; not ok when its verdicts cannot be remembered.
func (b *batch) key(c content, params map[string]any) (key memoKey, ok bool) {
	if !b.sharable || !c.ok {
		return key, false
	}
	key = memoKey{batch: b, content: c.hash}
	if params != nil {
		h := &hasher{}
		h.value(params)
		key.params, ok = sha256.Sum256(h.text), !h.strange
		return key, ok
	}
	return key, true
}

// A hasher writes JSON shapes in one canonical form: equal texts mean equal values.
type hasher struct {
	text []byte
	// token is the one volume name to leave out; "" for none.
	token   string
	strange bool     // a value that is no JSON shape
	keys    []string // a stack of the keys of the maps that are being written
}

// hashers are kept for their buffers.
var hashers = sync.Pool{New: func() any { return &hasher{text: make([]byte, 0, 8192), keys: make([]string, 0, 64)} }}

// release forgets the content, and gives the buffers back unless they have grown large.
func (h *hasher) release() {
	if cap(h.text) > 1<<20 || cap(h.keys) > 1<<14 {
		return
	}
	clear(h.keys[:cap(h.keys)])
	*h = hasher{text: h.text[:0], keys: h.keys[:0]}
	hashers.Put(h)
}

// sorted puts the keys of a map on the stack, sorted. The caller takes them off again.
func (h *hasher) sorted(m map[string]any) []string {
	from := len(h.keys)
	for key := range m {
		h.keys = append(h.keys, key)
	}
	slices.Sort(h.keys[from:])
	return h.keys[from:]
}

// podSpec leaves out what differs between replicas.
func (h *hasher) podSpec(spec map[string]any) {
	h.token = tokenVolume(spec)
	h.text = append(h.text, 'p')
	from := len(h.keys)
	for _, field := range h.sorted(spec) {
		if field == "nodeName" {
			continue
		}
		h.string(field)
		h.value(spec[field])
	}
	h.keys = h.keys[:from]
	h.text = append(h.text, 'e')
	h.token = ""
}

// tokenVolume is the name of the volume that the API server added, if there is exactly one.
func tokenVolume(spec map[string]any) string {
	volumes, _ := spec["volumes"].([]any)
	found := ""
	for _, v := range volumes {
		volume, _ := v.(map[string]any)
		name, _ := volume["name"].(string)
		if !strings.HasPrefix(name, tokenVolumePrefix) {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}

func (h *hasher) value(v any) {
	switch v := v.(type) {
	case nil:
		h.text = append(h.text, 'n')
	case bool:
		h.text = append(h.text, 'f')
		if v {
			h.text[len(h.text)-1] = 't'
		}
	case string:
		if h.token != "" && v == h.token {
			h.text = append(h.text, 'k')
			return
		}
		h.string(v)
	case int64:
		h.text = binary.BigEndian.AppendUint64(append(h.text, 'i'), uint64(v))
	case float64:
		h.text = binary.BigEndian.AppendUint64(append(h.text, 'd'), math.Float64bits(v))
	case map[string]any:
		h.text = binary.AppendUvarint(append(h.text, 'm'), uint64(len(v)))
		from := len(h.keys)
		for _, key := range h.sorted(v) {
			h.string(key)
			h.value(v[key])
		}
		h.keys = h.keys[:from]
	case []any:
		h.text = binary.AppendUvarint(append(h.text, 'l'), uint64(len(v)))
		for _, item := range v {
			h.value(item)
		}
	default:
		h.strange = true
	}
}

func (h *hasher) string(s string) {
	h.text = binary.AppendUvarint(append(h.text, 's'), uint64(len(s)))
	h.text = append(h.text, s...)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
