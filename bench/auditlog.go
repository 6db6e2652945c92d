package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// The identities of a generated audit log.
const (
	auditAccounts   = 240
	auditPeople     = 60
	auditNamespaces = 60
)

// generateAuditLog is "bench audit-log -output FILE [-events N] [-bodies]".
func generateAuditLog(args []string) error {
	flags := flag.NewFlagSet("audit-log", flag.ExitOnError)
	output := flags.String("output", "audit.log", "file to write")
	events := flags.Int("events", 1_000_000, "audit events to write")
	bodies := flags.Bool("bodies", false, "with the bodies of requests and responses")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return writeAuditLog(*output, *events, *bodies)
}

// writeAuditLog writes n audit events as JSON lines: at level Metadata about 830 bytes each, with bodies about 1,240. They
// are those of service accounts and people that work in their namespace and read a few things of all. One in twenty is
// refused. The same numbers give the same bytes.
func writeAuditLog(name string, n int, bodies bool) error {
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("create audit log: %w", err)
	}
	out := bufio.NewWriterSize(file, 1<<20)
	random := rand.New(rand.NewPCG(3, 4))
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var line []byte
	for range n {
		now = now.Add(time.Duration(random.IntN(1200)) * time.Millisecond)
		line = auditLine(line[:0], random, now, bodies)
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("write audit log: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return file.Close()
}

// An auditRequest is a kind of request and how often it occurs.
type auditRequest struct {
	weight                     int
	verb, group, version       string
	resource, subresource      string
	namespaced, named, forSome bool // forSome: only every eighth identity makes it
	names                      int  // how many objects there are
}

var auditRequests = []auditRequest{
	{weight: 30, verb: "update", group: "coordination.k8s.io", version: "v1", resource: "leases", namespaced: true, named: true, names: 1},
	{weight: 25, verb: "get", group: "coordination.k8s.io", version: "v1", resource: "leases", namespaced: true, named: true, names: 1},
	{weight: 20, verb: "get", version: "v1", resource: "configmaps", namespaced: true, named: true, names: 12},
	{weight: 15, verb: "list", version: "v1", resource: "pods", namespaced: true},
	{weight: 15, verb: "watch", version: "v1", resource: "pods", namespaced: true},
	{weight: 12, verb: "patch", version: "v1", resource: "pods", subresource: "status", namespaced: true, named: true, names: 200},
	{weight: 10, verb: "get", group: "apps", version: "v1", resource: "deployments", namespaced: true, named: true, names: 20},
	{weight: 10, verb: "patch", group: "apps", version: "v1", resource: "deployments", namespaced: true, named: true, names: 20},
	{weight: 8, verb: "create", version: "v1", resource: "events", namespaced: true, names: 2000},
	{weight: 6, verb: "get", version: "v1", resource: "secrets", namespaced: true, named: true, names: 6},
	{weight: 5, verb: "create", group: "authentication.k8s.io", version: "v1", resource: "tokenreviews"},
	{weight: 5, verb: "list", version: "v1", resource: "nodes"},
	{weight: 4, verb: "watch", version: "v1", resource: "namespaces"},
	{weight: 3, verb: "get", version: "v1", resource: "pods", subresource: "log", namespaced: true, named: true, names: 200, forSome: true},
	{weight: 2, verb: "delete", version: "v1", resource: "pods", namespaced: true, named: true, names: 200, forSome: true},
	{weight: 1, verb: "create", version: "v1", resource: "pods", subresource: "exec", namespaced: true, named: true, names: 200,
		forSome: true},
	{weight: 1, verb: "deletecollection", group: "batch", version: "v1", resource: "jobs", namespaced: true, forSome: true},
	{weight: 6, verb: "get"}, // a path
}

var auditPaths = []string{"/healthz", "/readyz", "/openapi/v3", "/apis", "/api/v1", "/version"}

func pickRequest(random *rand.Rand) *auditRequest {
	total := 0
	for i := range auditRequests {
		total += auditRequests[i].weight
	}
	n := random.IntN(total)
	for i := range auditRequests {
		if n -= auditRequests[i].weight; n < 0 {
			return &auditRequests[i]
		}
	}
	panic("weights do not add up")
}

func auditLine(b []byte, random *rand.Rand, now time.Time, bodies bool) []byte {
	request := pickRequest(random)
	identity := random.IntN(auditAccounts + auditPeople)
	namespace := fmt.Sprintf("team-%02d", identity%auditNamespaces)
	allowed := random.IntN(20) != 0 && (!request.forSome || identity%8 == 0)
	name := ""
	if request.names > 0 {
		name = fmt.Sprintf("%s-%d-%05x", request.resource, identity%auditNamespaces, random.IntN(request.names))
	}
	path := auditPath(random, request, namespace, name)
	level, stage := "Metadata", "ResponseComplete"
	if bodies {
		level = "RequestResponse"
	}
	if request.verb == "watch" && random.IntN(2) == 0 {
		stage = "ResponseStarted"
	}
	b = fmt.Appendf(b, `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":%q,"auditID":"%08x-%04x-4%03x-8%03x-%012x",`+
		`"stage":%q,"requestURI":"%s","verb":%q,`,
		level, random.Uint32(), random.IntN(1<<16), random.IntN(1<<12), random.IntN(1<<12), random.Int64N(1<<48), stage, path, request.verb)
	b = appendAuditUser(b, identity, namespace)
	if request.resource != "" {
		b = appendObjectRef(b, request, namespace, name)
	}
	code := 200
	decision := "allow"
	reason := fmt.Sprintf(`RBAC: allowed by RoleBinding \"worker/%[1]s\" of Role \"worker\" to ServiceAccount \"app-%03[2]d/%[1]s\"`,
		namespace, identity)
	if !allowed {
		code, decision, reason = 403, "forbid", ""
	}
	b = fmt.Appendf(b, `"responseStatus":{"metadata":{},"code":%d},`, code)
	if bodies && request.resource != "" {
		b = appendAuditBodies(b, random, request, namespace, name)
	}
	received, done := now.Format("2006-01-02T15:04:05.000000Z"), now.Add(time.Duration(random.IntN(20000))*time.Microsecond)
	return fmt.Appendf(b, `"requestReceivedTimestamp":%q,"stageTimestamp":%q,`+
		`"annotations":{"authorization.k8s.io/decision":%q,"authorization.k8s.io/reason":"%s"}}`+"\n",
		received, done.Format("2006-01-02T15:04:05.000000Z"), decision, reason)
}

func auditPath(random *rand.Rand, request *auditRequest, namespace, name string) string {
	if request.resource == "" {
		return auditPaths[random.IntN(len(auditPaths))]
	}
	path := "/api/" + request.version
	if request.group != "" {
		path = "/apis/" + request.group + "/" + request.version
	}
	if request.namespaced {
		path += "/namespaces/" + namespace
	}
	path += "/" + request.resource
	if request.named {
		path += "/" + name
	}
	if request.subresource != "" {
		path += "/" + request.subresource
	}
	switch request.verb {
	case "watch":
		path += `?resourceVersion=` + fmt.Sprint(random.IntN(1<<30)) + `\u0026watch=true`
	case "list":
		path += `?limit=500\u0026resourceVersion=0`
	}
	return path
}

func appendAuditUser(b []byte, identity int, namespace string) []byte {
	if identity >= auditAccounts {
		return fmt.Appendf(b, `"user":{"username":"person-%02d@example.com","groups":["developers","system:authenticated"]},`+
			`"sourceIPs":["10.1.%d.7"],"userAgent":"kubectl/v1.37.2 (linux/amd64) kubernetes/a1b2c3d",`, identity, identity%250)
	}
	return fmt.Appendf(b, `"user":{"username":"system:serviceaccount:%[1]s:app-%03[2]d",`+
		`"groups":["system:serviceaccounts","system:serviceaccounts:%[1]s","system:authenticated"]},`+
		`"sourceIPs":["10.2.%[3]d.9"],"userAgent":"app/v0.0.0 (linux/amd64)",`, namespace, identity, identity%250)
}

func appendObjectRef(b []byte, request *auditRequest, namespace, name string) []byte {
	b = fmt.Appendf(b, `"objectRef":{"resource":%q`, request.resource)
	if request.namespaced {
		b = fmt.Appendf(b, `,"namespace":%q`, namespace)
	}
	if name != "" {
		b = fmt.Appendf(b, `,"name":%q`, name)
	}
	if request.group != "" {
		b = fmt.Appendf(b, `,"apiGroup":%q`, request.group)
	}
	b = fmt.Appendf(b, `,"apiVersion":%q`, request.version)
	if request.subresource != "" {
		b = fmt.Appendf(b, `,"subresource":%q`, request.subresource)
	}
	return append(b, "},"...)
}

func appendAuditBodies(b []byte, random *rand.Rand, request *auditRequest, namespace, name string) []byte {
	body := fmt.Sprintf(`{"kind":%q,"apiVersion":%q,"metadata":{"name":%q,"namespace":%q,"uid":"%032x",`+
		`"resourceVersion":"%d","creationTimestamp":"2026-02-03T04:05:06Z"},`+
		`"spec":{"holderIdentity":"%s_%08x","leaseDurationSeconds":15,"replicas":%d,"paused":false}}`,
		request.resource, request.version, name, namespace, random.Uint64(), random.IntN(1<<30), name, random.Uint32(), random.IntN(9))
	switch request.verb {
	case "update", "patch", "create":
		b = fmt.Appendf(b, `"requestObject":%s,`, body)
	}
	if request.verb == "watch" {
		return b
	}
	return fmt.Appendf(b, `"responseObject":%s,`, body)
}
