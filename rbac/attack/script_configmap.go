package attack

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var scriptConfigMap = Technique{
	ID: "script-configmap", Title: "Change a script that a workload runs from a ConfigMap", MITRE: "T1525",
	What: "Many workloads run scripts that lie in a ConfigMap mounted into their containers, as their command, in a probe or in a lifecycle " +
		"hook. Who may change the ConfigMap runs code in those pods, with their service account and all else that they have. The kubelet " +
		"brings the new file into running pods within about a minute, unless it is mounted with subPath; it runs at the next probe or start " +
		"of a container, at the latest when the pod is next made. ConfigMaps that are read as settings only give no step, nor do those of a " +
		"container whose command is that of its image: nobody sees what it runs.",
	Needs: "update or patch on the ConfigMap, which exists and is not immutable, and a container that runs a file below its mount.",
	Proof: "The binding and the rule, and the workload with the command. Check with: kubectl auth can-i patch configmaps/NAME -n NAMESPACE " +
		"--as SUBJECT",
	Cut: "Make the ConfigMap immutable, put scripts into the image, or leave the ConfigMap out of what tenants may change with resourceNames.",
	find: func(b *builder) {
		scripts := b.scripts()
		if len(scripts) == 0 {
			return
		}
		for _, h := range b.joint(b.changing("", "configmaps", false)) {
			for _, ns := range b.namespacesOf(h) {
				for _, s := range scripts[ns] {
					if h.covers(s.configMap) {
						b.add(subject(h), s.workload.Ref, proof{grants: h.grants, object: s.workload, path: s.at, note: "it runs " + s.file})
					}
				}
			}
		}
	},
}

// A script is a file of a ConfigMap that a workload runs.
type script struct {
	configMap, file string
	workload        *inventory.Object
	at              finding.Path
}

// scripts are the scripts that workloads run from ConfigMaps that can be changed, by namespace; one for each ConfigMap
// and workload.
func (b *builder) scripts() map[string][]script {
	out := map[string][]script{}
	for i := range b.workloads {
		w := &b.workloads[i]
		mounted := configMapVolumes(w.spec)
		if len(mounted) == 0 {
			continue
		}
		seen := map[string]bool{}
		for _, kind := range []string{"initContainers", "containers"} {
			for n, c := range inventory.Maps(w.spec[kind]) {
				for _, s := range scriptsOf(c, mounted) {
					if seen[s.configMap] || !b.canChange(w.object.Namespace, s.configMap) {
						continue
					}
					seen[s.configMap] = true
					s.workload = w.object
					s.at = finding.Path(fmt.Sprintf("%s.%s[%d].%s", w.at, kind, n, s.at))
					out[w.object.Namespace] = append(out[w.object.Namespace], s)
				}
			}
		}
	}
	return out
}

// canChange says that the ConfigMap exists and is not immutable.
func (b *builder) canChange(namespace, name string) bool {
	o := b.inv.Get("", "ConfigMap", namespace, name)
	return o != nil && o.Content["immutable"] != true
}

// configMapVolumes are the ConfigMaps of a pod's volumes by the volume's name.
func configMapVolumes(spec map[string]any) map[string]string {
	out := map[string]string{}
	for _, v := range inventory.Maps(spec["volumes"]) {
		if name := inventory.String(v, "configMap", "name"); name != "" {
			out[inventory.String(v, "name")] = name
		}
	}
	return out
}

// scriptsOf are the files below mounts of ConfigMaps that the container's commands run.
func scriptsOf(container map[string]any, volumes map[string]string) []script {
	var out []script
	for _, c := range commandsOf(container) {
		for _, file := range filesRun(c.words) {
			for _, m := range inventory.Maps(container["volumeMounts"]) {
				at := path.Clean(inventory.String(m, "mountPath"))
				configMap, ok := volumes[inventory.String(m, "name")]
				if ok && at != "." && at != "/" && (file == at || strings.HasPrefix(file, at+"/")) {
					out = append(out, script{configMap: configMap, file: file, at: c.at})
				}
			}
		}
	}
	return out
}

// A command is what a container runs, and where it says so.
type command struct {
	words []string
	at    finding.Path
}

// commandsOf are the commands of a container, its probes and its lifecycle hooks, as far as they are written out.
func commandsOf(c map[string]any) []command {
	var out []command
	if words := texts(c["command"]); len(words) > 0 {
		out = append(out, command{append(slices.Clone(words), texts(c["args"])...), "command"})
	}
	for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
		if words := texts(inventory.Map(c, probe, "exec")["command"]); len(words) > 0 {
			out = append(out, command{words, finding.Path(probe + ".exec.command")})
		}
	}
	for _, hook := range []string{"postStart", "preStop"} {
		if words := texts(inventory.Map(c, "lifecycle", hook, "exec")["command"]); len(words) > 0 {
			out = append(out, command{words, finding.Path("lifecycle." + hook + ".exec.command")})
		}
	}
	return out
}

// filesRun are the files that a command runs: itself, or the first that its interpreter is given, or what the text of a
// shell's -c runs in the same way.
func filesRun(words []string) []string {
	for len(words) > 0 && runsRest(words[0]) {
		words = words[1:]
	}
	if len(words) == 0 {
		return nil
	}
	if !isInterpreter(words[0]) {
		return absolute(words[0])
	}
	for i, word := range words[1:] {
		switch {
		case isShell(words[0]) && strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--") && strings.HasSuffix(word, "c"):
			if i+2 < len(words) {
				return filesInText(words[i+2])
			}
			return nil
		case !strings.HasPrefix(word, "-"):
			return absolute(word)
		}
	}
	return nil
}

// filesInText are the files that the text of a shell script runs, command by command.
func filesInText(text string) []string {
	var out []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\n;&|", r) }) {
		words := strings.Fields(line)
		if !slices.Contains(words, "-c") { // no quoting is understood
			out = append(out, filesRun(words)...)
		}
	}
	return out
}

func absolute(file string) []string {
	if file = strings.Trim(file, `"'`); strings.HasPrefix(file, "/") {
		return []string{path.Clean(file)}
	}
	return nil
}

func isShell(word string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash", "zsh"}, path.Base(word))
}

// isInterpreter says that a program runs the first file that it is given.
func isInterpreter(word string) bool {
	name := strings.TrimRight(path.Base(word), "0123456789.")
	return isShell(word) || slices.Contains([]string{"source", "python", "perl", "ruby", "node", "php"}, name) || word == "."
}

// runsRest says that a program runs the rest of its command line.
func runsRest(word string) bool {
	return slices.Contains([]string{"exec", "env", "tini", "dumb-init", "--", "nohup"}, path.Base(word))
}
