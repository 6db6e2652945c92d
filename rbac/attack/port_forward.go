package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var portForward = Technique{
	ID: "port-forward", Title: "Reach a debugger behind port-forward", MITRE: "T1210",
	What: "The portforward subresource connects to any port of a pod, those that listen on 127.0.0.1 only included, past network policies. " +
		"In a pod with hostNetwork these are the node's own ports. A connection alone runs no code, and no step is claimed for it. It " +
		"is one where the pod's own command says that something listens that runs code for whoever connects: a Java debugger (jdwp), " +
		"node --inspect, dlv --headless, debugpy, or kubectl proxy, which speaks to the API server as the pod's service account. " +
		"Unprotected databases and consoles are real too, but no field of the pod tells. The verbs are those of exec: create, and get " +
		"alone for websockets until 1.34.",
	Needs: "create pods/portforward (or get before 1.35), and a pod whose command, arguments or environment start such a listener.",
	Proof: "The binding, the rule, and the field that starts the listener. Check with: kubectl port-forward POD PORT -n NAMESPACE --as SUBJECT",
	Cut:   "Do not ship debuggers switched on; drop the rule, or give it in namespaces without such pods.",
	find: func(b *builder) {
		b.addEntries(b.streams("portforward"), b.containersWith(func(_ *workload, c container) (finding.Path, string) {
			return listener(c.spec)
		}))
	},
}

// listener is the field of a container that starts something that runs code for whoever connects.
func listener(c map[string]any) (at finding.Path, note string) {
	var words []string
	for _, field := range []string{"command", "args"} {
		for _, item := range inventory.List(c, field) {
			if word, ok := item.(string); ok {
				words = append(words, word)
			}
		}
	}
	line := strings.Join(words, " ")
	if what := listens(line); what != "" {
		if len(inventory.List(c, "command")) > 0 {
			return "command", what
		}
		return "args", what
	}
	for i, env := range inventory.Maps(c["env"]) {
		switch inventory.String(env, "name") {
		case "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JAVA_OPTS", "JDK_JAVA_OPTIONS", "NODE_OPTIONS":
			if what := listens("java node " + inventory.String(env, "value")); what != "" {
				return itemPath("env", env, i).Field("value"), what
			}
		}
	}
	return "", ""
}

// listens says what in a command line runs code for whoever connects; "" when nothing does.
func listens(line string) string {
	switch {
	case strings.Contains(line, "jdwp=") && strings.Contains(line, "server=y"):
		return "a Java debugger listens"
	case strings.Contains(line, "node ") && strings.Contains(line, "--inspect"):
		return "the debugger of Node.js listens"
	case strings.Contains(line, "dlv ") && strings.Contains(line, "--headless"):
		return "the debugger dlv listens"
	case strings.Contains(line, "debugpy") && strings.Contains(line, "--listen"):
		return "the debugger debugpy listens"
	case strings.Contains(line, "kubectl proxy"):
		return "kubectl proxy listens, and passes requests on with the token of the pod"
	}
	return ""
}
