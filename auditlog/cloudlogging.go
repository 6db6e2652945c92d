package auditlog

import "strings"

// Cloud Logging writes what the API server of GKE audited as an AuditLog in a LogEntry:
//
//	protoPayload.methodName      io.k8s.core.v1.pods.exec.create: the verb is the last part
//	protoPayload.resourceName    core/v1/namespaces/shop/pods/web-0/exec, or a path such as "healthz"
//	protoPayload.authenticationInfo.principalEmail, .authorizationInfo[].granted, .requestMetadata, .status.code (gRPC's)
//	labels                       the event's annotations
//	operation.id                 the audit id
//
// Groups are not in it, and neither are the stages: an entry is written when the request is done.
func (d *decoder) cloudLogging(entry []byte) string {
	d.event.reset()
	e := &d.event
	var o object
	o.Reset(entry)
	c := cloudEntry{service: "k8s.io"}
	o.Open()
	for key, more := d.member(&o); more; key, more = d.member(&o) {
		switch string(key) {
		case "protoPayload":
			d.cloudPayload(&o, &c)
		case "labels":
			d.annotations(&o)
		case "operation":
			d.cloudStrings(&o, "id", &e.AuditID)
		case "timestamp":
			d.time(&o, &e.Time)
		case "receiveTimestamp":
			d.time(&o, &e.StageTime)
		default:
			o.Skip()
		}
	}
	method, ok := strings.CutPrefix(c.method, "io.k8s.")
	if !ok || c.service != "k8s.io" {
		d.foreign++
		return ""
	}
	if o.mismatch != "" {
		return "a field of the AuditLog has the wrong type"
	}
	e.Shape, e.Stage = ShapeCloudLogging, ResponseComplete
	e.Verb = method[strings.LastIndexByte(method, '.')+1:]
	c.resource(e, method)
	e.Code = httpStatus(c.code)
	if c.decided && e.Annotation(DecisionAnnotation) == "" {
		decision := "forbid"
		if c.granted {
			decision = "allow"
		}
		e.Annotations = append(e.Annotations, Annotation{Key: DecisionAnnotation, Value: decision})
	}
	d.send()
	return ""
}

// A cloudEntry is what is needed of an AuditLog before it can be translated.
type cloudEntry struct {
	service, method, name string
	decided, granted      bool
	code                  int
}

func (d *decoder) cloudPayload(o *object, c *cloudEntry) {
	e := &d.event
	if !d.enter(o, "protoPayload") {
		return
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		switch string(key) {
		case "serviceName":
			c.service = d.text(o, "serviceName")
		case "methodName":
			c.method = d.text(o, "methodName")
		case "resourceName":
			c.name = d.text(o, "resourceName")
		case "authenticationInfo":
			d.cloudStrings(o, "principalEmail", &e.User.Name)
		case "authorizationInfo":
			d.cloudGrants(o, c)
		case "requestMetadata":
			d.cloudRequest(o)
		case "status":
			d.cloudStatus(o, c)
		case "request":
			e.RequestObject = d.body(o)
		case "response":
			e.ResponseObject = d.body(o)
		default:
			o.Skip()
		}
	}
}

// cloudStrings reads one string field of an object.
func (d *decoder) cloudStrings(o *object, field string, into *string) {
	if !d.enter(o, field) {
		return
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		if string(key) == field {
			*into = d.text(o, field)
		} else {
			o.Skip()
		}
	}
}

func (d *decoder) cloudRequest(o *object) {
	if !d.enter(o, "requestMetadata") {
		return
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		switch string(key) {
		case "callerIp", "callerIP":
			if ip := d.text(o, "callerIp"); ip != "" {
				d.event.SourceIPs = append(d.event.SourceIPs[:0], ip)
			}
		case "callerSuppliedUserAgent":
			d.event.UserAgent = d.text(o, "callerSuppliedUserAgent")
		default:
			o.Skip()
		}
	}
}

// cloudGrants reads the decisions: a request that needed several permissions was allowed when all were granted. An entry
// that does not say "granted" decides nothing.
func (d *decoder) cloudGrants(o *object, c *cloudEntry) {
	if o.Peek() != '[' {
		o.Skip()
		return
	}
	for o.Open(); o.Next(']'); {
		if !d.enter(o, "authorizationInfo") {
			continue
		}
		for key, more := d.member(o); more; key, more = d.member(o) {
			if string(key) != "granted" {
				o.Skip()
				continue
			}
			granted := string(o.Value()) == "true"
			c.granted = granted && (c.granted || !c.decided)
			c.decided = true
		}
	}
}

func (d *decoder) cloudStatus(o *object, c *cloudEntry) {
	if !d.enter(o, "status") {
		return
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		if string(key) == "code" {
			c.code = statusCode(o.Value())
		} else {
			o.Skip()
		}
	}
}

// resource takes apart what the request was about. The method's middle part abbreviates the group
// (io.k8s.authorization.rbac.v1…), the resource's name has it in full.
func (c *cloudEntry) resource(e *Event, method string) {
	parts := strings.Split(c.name, "/")
	if len(parts) < 3 || strings.Count(method, ".") < 3 {
		e.RequestURI = "/" + strings.TrimPrefix(c.name, "/")
		return
	}
	ref := ObjectRef{APIGroup: parts[0], APIVersion: parts[1]}
	if ref.APIGroup == "core" {
		ref.APIGroup = ""
	}
	parts = parts[2:]
	// The method tells whether namespaces/shop/finalize is about the namespace or about an object in it.
	isNamespace := strings.Contains("."+method, "."+ref.APIVersion+".namespaces.")
	if parts[0] == "namespaces" && len(parts) > 1 {
		ref.Namespace = parts[1] // the API server says so of requests for the namespace itself, too
		if len(parts) > 2 && !isNamespace {
			parts = parts[2:]
		}
	}
	ref.Resource = parts[0]
	if len(parts) > 1 {
		ref.Name = parts[1]
	}
	if len(parts) > 2 {
		ref.Subresource = strings.Join(parts[2:], "/")
	}
	e.Object = ref
}

// httpStatus is the HTTP status that the API server had for one of gRPC's; the usual one where several are possible.
func httpStatus(code int) int {
	statuses := [...]int{200, 499, 500, 422, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401}
	if code < len(statuses) {
		return statuses[code]
	}
	return code // some entries have the HTTP status itself
}
