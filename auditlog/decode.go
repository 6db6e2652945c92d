package auditlog

import (
	"bytes"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/jsonscan"
	"github.com/plimsoll-io/plimsoll/internal/logstream"
)

// A decoder turns JSON texts into events. It belongs to one goroutine.
type decoder struct {
	options Options
	names   *logstream.Interner
	event   Event
	emit    func(*Event)

	events, foreign, undated int64
	scratch                  [maxWrapping + 1][]byte // unescaped inner texts, one per level of wrapping
	small                    []byte                  // a short unescaped string
	rawURI                   []byte                  // of the event, as written
}

// maxWrapping is how many envelopes may be around an event: a record of a list of a log line of a container, and one more.
const maxWrapping = 4

// An object is what one pass over a JSON object found that is not the event itself.
type object struct {
	jsonscan.Scanner
	kind, apiVersion string
	azure            bool   // names its fields as Azure's tables do
	mismatch         string // a field of an event that has another type
	// Values that may hold events, as written; nil when there are none.
	list, inner, cloud []byte
	innerShape         Shape
	listShape          Shape
}

// decode reads all JSON values of a text, one behind the other, and emits their events. It returns why the text is
// broken, "" if it is not. What is valid and no audit event is counted as foreign.
func (d *decoder) decode(text []byte, shape Shape, level int) string {
	if level > maxWrapping {
		return "wrapped too often"
	}
	for first := true; ; first = false {
		text = bytes.TrimLeft(text, " \t\r\n\x00") // a log rotated by copying and truncating may be padded with NUL
		if len(text) == 0 {
			if first {
				d.foreign++
			}
			return ""
		}
		n, broken := d.one(text, shape, level)
		if broken != "" {
			return broken
		}
		text = text[n:]
	}
}

// one decodes the first value of a text and returns how long it is.
func (d *decoder) one(text []byte, shape Shape, level int) (length int, broken string) {
	var o object
	o.Reset(text)
	switch text[0] {
	case '{':
		d.event.reset()
		d.rawURI = nil
		d.fields(&o)
		if o.Failed == "" && (d.event.Object.Resource == "" || !d.options.RightsOnly) && len(d.rawURI) > 0 {
			d.event.RequestURI = string(d.unescaped(d.rawURI))
		}
	case '[':
		o.list = o.Value()
	default:
		o.Skip()
		if o.Failed == "" {
			d.foreign++
		}
		return o.Pos, o.Failed
	}
	if o.Failed != "" {
		return 0, o.Failed
	}
	switch {
	case text[0] == '{' && d.isEvent(&o):
		broken = d.finish(&o, shape)
	case o.cloud != nil:
		broken = d.cloudLogging(text[:o.Pos])
	case o.list != nil:
		broken = d.each(o.list, outer(shape, o.listShape), level)
	case o.inner != nil:
		broken = d.unwrap(o.inner, outer(shape, o.innerShape), level)
	default:
		d.foreign++
	}
	return o.Pos, broken
}

// outer is the shape of what is wrapped: the outermost envelope that a cloud is known by decides.
func outer(shape, inner Shape) Shape {
	if shape == "" || shape == ShapeWrapped && inner != "" {
		return inner
	}
	return shape
}

// isEvent says whether the object is an audit event; events of old and trimmed logs may lack kind and version.
func (d *decoder) isEvent(o *object) bool {
	e := &d.event
	if o.kind != "" && o.kind != "Event" || o.apiVersion != "" && !strings.HasPrefix(o.apiVersion, "audit.k8s.io/") {
		return false
	}
	if o.apiVersion != "" && o.kind != "" {
		return true
	}
	return e.Verb != "" && (o.kind != "" || e.Object.Resource != "" || e.RequestURI != "" || e.User.Name != "")
}

// finish completes the event and emits it.
func (d *decoder) finish(o *object, shape Shape) string {
	e := &d.event
	switch {
	case o.mismatch != "":
		return o.mismatch
	case e.Verb == "" && e.RequestURI == "" && e.Object.Resource == "" && e.User.Name == "":
		return "audit event that says nothing"
	}
	switch {
	case shape != "":
		e.Shape = shape
	case o.azure:
		e.Shape = ShapeAzureMonitor
	case o.apiVersion == string(ShapeV1):
		e.Shape = ShapeV1
	case o.apiVersion == string(ShapeV1Beta1):
		e.Shape = ShapeV1Beta1
	default:
		e.Shape = ShapeUnversioned
	}
	d.send()
	return ""
}

func (d *decoder) send() {
	if d.event.Time.IsZero() {
		d.event.Time = d.event.StageTime
	}
	if d.event.Time.IsZero() {
		d.undated++
	}
	d.events++
	d.emit(&d.event)
}

// each decodes the items of a list that was already validated. One broken item does not keep the others from being read.
func (d *decoder) each(list []byte, shape Shape, level int) (broken string) {
	var s jsonscan.Scanner
	s.Reset(list)
	for s.Open(); s.Next(']'); {
		if reason := d.decode(s.Value(), shape, level+1); reason != "" && broken == "" {
			broken = reason
		}
	}
	return broken
}

// unwrap decodes the text in a string, or the object, that an envelope holds. Text that is not even an object's beginning
// is a line of another log.
func (d *decoder) unwrap(inner []byte, shape Shape, level int) string {
	if inner[0] == '"' {
		if level >= maxWrapping {
			return "wrapped too often"
		}
		d.scratch[level] = jsonscan.Unescape(d.scratch[level][:0], inner[1:len(inner)-1])
		inner = bytes.TrimSpace(d.scratch[level])
		if len(inner) == 0 || inner[0] != '{' && inner[0] != '[' {
			d.foreign++
			return ""
		}
	}
	return d.decode(inner, shape, level+1)
}

// fields reads the fields of an object into the event and into o.
func (d *decoder) fields(o *object) {
	e := &d.event
	for o.Open(); o.Next('}'); {
		key, plain := o.Key()
		if !plain {
			key = d.unescaped(key)
		}
		switch string(key) {
		case "kind":
			o.kind = d.loose(o)
		case "apiVersion":
			o.apiVersion = d.loose(o)
		case "level", "Level":
			e.Level = d.either(o, "")
		case "auditID", "AuditId":
			o.azure = o.azure || key[0] == 'A'
			e.AuditID = d.either(o, "auditID")
		case "stage", "Stage":
			e.Stage = d.text(o, "stage")
		case "requestURI", "RequestUri":
			d.uri(o)
		case "verb", "Verb":
			e.Verb = d.text(o, "verb")
		case "user", "User":
			d.user(o, &e.User)
		case "impersonatedUser", "ImpersonatedUser":
			e.Impersonated = nil
			if d.user(o, &e.impersonated) {
				e.Impersonated = &e.impersonated
			}
		case "authenticationMetadata":
			d.authentication(o)
		case "sourceIPs", "SourceIps":
			d.sourceIPs(o)
		case "userAgent", "UserAgent":
			e.UserAgent = d.either(o, "userAgent")
		case "objectRef", "ObjectRef":
			d.objectRef(o)
		case "responseStatus", "ResponseStatus":
			d.status(o)
		case "requestObject", "RequestObject":
			e.RequestObject = d.body(o)
		case "responseObject", "ResponseObject":
			e.ResponseObject = d.body(o)
		case "annotations", "Annotations":
			d.annotations(o)
		default:
			d.rarer(o, key)
		}
	}
}

// rarer reads the times and what only envelopes have.
func (d *decoder) rarer(o *object, key []byte) {
	e := &d.event
	switch string(key) {
	case "requestReceivedTimestamp", "RequestReceivedTime":
		d.time(o, &e.Time)
	case "stageTimestamp", "StageReceivedTime", "timestamp": // the last one in the first versions of the API
		d.time(o, &e.StageTime)
	case "protoPayload":
		if o.Peek() == '{' {
			o.cloud = o.Value()
			return
		}
		o.Skip()
	case "items":
		d.list(o, "")
	case "logEvents", "events":
		d.list(o, ShapeCloudWatch)
	case "records":
		d.list(o, ShapeAzureMonitor)
	case "message", "@message":
		d.inner(o, ShapeCloudWatch)
	case "log":
		d.inner(o, ShapeWrapped)
	case "log_s", "properties":
		d.inner(o, ShapeAzureMonitor)
	case "jsonPayload":
		d.inner(o, ShapeWrapped)
	default:
		o.Skip()
	}
}

func (d *decoder) list(o *object, shape Shape) {
	if o.Peek() != '[' {
		o.Skip()
		return
	}
	o.list, o.listShape = o.Value(), shape
}

func (d *decoder) inner(o *object, shape Shape) {
	if c := o.Peek(); c != '"' && c != '{' {
		o.Skip()
		return
	}
	o.inner, o.innerShape = o.Value(), shape
}

// text reads a string field of an event; null is as if it were not there.
func (d *decoder) text(o *object, field string) string {
	switch o.Peek() {
	case '"':
		return d.intern(o.Text())
	case 'n':
		o.Literal("null")
	default:
		o.Skip()
		o.mismatch = field + " is no string"
	}
	return ""
}

// uri reads the URI. It is only unescaped when the event is complete: most are not needed then.
func (d *decoder) uri(o *object) {
	d.rawURI = nil
	if o.Peek() == '"' {
		d.rawURI, _ = o.Text()
		return
	}
	d.text(o, "requestURI")
}

// either reads a string field unless only rights are wanted. Without a name it may be of any type.
func (d *decoder) either(o *object, field string) string {
	switch {
	case d.options.RightsOnly && o.Peek() == '"':
		o.Text()
		return ""
	case field == "":
		return d.loose(o)
	}
	return d.text(o, field)
}

func (d *decoder) sourceIPs(o *object) {
	d.event.SourceIPs = d.texts(o, d.event.SourceIPs[:0], "sourceIPs")
	if d.options.RightsOnly {
		d.event.SourceIPs = d.event.SourceIPs[:0]
	}
}

// loose reads a string that other objects may have as something else.
func (d *decoder) loose(o *object) string {
	if o.Peek() == '"' {
		return d.intern(o.Text())
	}
	o.Skip()
	return ""
}

func (d *decoder) intern(raw []byte, plain bool) string {
	if plain {
		return d.names.Intern(raw)
	}
	return d.names.Intern(d.unescaped(raw))
}

// unescaped holds until the next call.
func (d *decoder) unescaped(raw []byte) []byte {
	d.small = jsonscan.Unescape(d.small[:0], raw)
	return d.small
}

func (d *decoder) texts(o *object, into []string, field string) []string {
	switch o.Peek() {
	case '[':
		for o.Open(); o.Next(']'); {
			into = append(into, d.text(o, field))
		}
	case 'n':
		o.Literal("null")
	default:
		o.Skip()
		o.mismatch = field + " is no list"
	}
	return into
}

// enter opens an object that is a field of an event. It returns false when there is none.
func (d *decoder) enter(o *object, field string) bool {
	switch o.Peek() {
	case '{':
		o.Open()
		return true
	case 'n':
		o.Literal("null")
	default:
		o.Skip()
		o.mismatch = field + " is no object"
	}
	return false
}

// member moves to the next key of the object, and unescapes it.
func (d *decoder) member(o *object) ([]byte, bool) {
	if !o.Next('}') {
		return nil, false
	}
	key, plain := o.Key()
	if !plain {
		key = d.unescaped(key)
	}
	return key, true
}

func (d *decoder) body(o *object) []byte {
	body := o.Value()
	if !d.options.Bodies || string(body) == "null" {
		return nil
	}
	return body
}

// time reads a time; anything else leaves what is there. Some exporters write a space for the T, and no zone.
func (d *decoder) time(o *object, into *time.Time) {
	if o.Peek() != '"' {
		o.Skip()
		return
	}
	raw, _ := o.Text()
	var t time.Time
	if t.UnmarshalText(raw) == nil {
		*into = t
	} else if t, err := time.Parse("2006-01-02 15:04:05.999999999", string(raw)); err == nil {
		*into = t
	}
}
