package attack

import (
	"slices"
	"strings"
)

var velero = Technique{
	ID: "velero", Title: "Have Velero run commands, restore and back up", MITRE: "T1072",
	What: "Velero acts with its own account, cluster-admin in a usual installation. A Backup, or a Schedule that makes them, can hold " +
		"hooks: commands that Velero runs in any container of the running pods that are backed up, in every namespace. A backup also " +
		"holds the content of every Secret: who may create DownloadRequests and read them gets a signed URL for it, and who may write " +
		"a BackupStorageLocation has it written to storage of his own. A Restore from such storage makes any object that he put there, " +
		"such as bindings, with Velero's rights. Only objects in Velero's own namespace count. Restores of backups that others made " +
		"give no step.",
	Needs: "The Velero server running, with a BackupStorageLocation, as every installation has one; create, update or patch on backups or " +
		"schedules of velero.io in its namespace, alone for the hooks, or with create and get on downloadrequests, or with create, " +
		"update or patch on backupstoragelocations for the Secrets; the last together with create on restores for everything. What is " +
		"only changed has to exist. --disable-controllers and --restore-only are heeded.",
	Proof: "The bindings and rules, and the server. Check with: kubectl auth can-i create backups.velero.io -n velero --as SUBJECT",
	Cut:   "Treat rights in Velero's namespace as cluster-admin, and let tenants ask for backups through something that checks them.",
	find: func(b *builder) {
		for _, w := range b.veleroServers() {
			b.findVelero(w)
		}
	},
}

const veleroGroup = "velero.io"

// veleroServers are the servers of Velero; the agents run the same image.
func (b *builder) veleroServers() []*workload {
	d := deputy{group: veleroGroup, image: imageNamed("velero"), labels: []string{"app.kubernetes.io/name=velero"}}
	return slices.DeleteFunc(b.deputies(d), func(w *workload) bool {
		return !w.executes("server") || w.executes("node-agent") || w.executes("restic")
	})
}

func (b *builder) findVelero(w *workload) {
	ns := w.object.Namespace
	var backups []holding
	if w.veleroRuns("backup") {
		backups = append(backups, b.writing(veleroGroup, "backups", "Backup", false).at(ns))
		if w.veleroRuns("schedule") {
			backups = append(backups, b.writing(veleroGroup, "schedules", "Schedule", false).at(ns))
		}
	}
	locations := b.writing(veleroGroup, "backupstoragelocations", "BackupStorageLocation", false).at(ns)
	for _, h := range b.joint(either(backups...)) {
		b.addHooks(h, w)
	}
	for _, h := range b.joint(locations, either(backups...)) {
		b.sendsSecrets(h, w, "", "a Backup to storage of the attacker's holds every Secret")
	}
	if w.veleroRuns("download-request") {
		ask := b.creating(veleroGroup, "downloadrequests", false).at(ns)
		get := b.holding(right{verbs: []string{"get", "list", "watch"}, group: veleroGroup, resource: "downloadrequests", named: true}).at(ns)
		for _, h := range b.joint(either(backups...), ask, get) {
			b.sendsSecrets(h, w, "", "a Backup holds every Secret, and a DownloadRequest gives a URL for it, where the storage can be reached")
		}
	}
	if w.veleroRuns("restore") {
		for _, h := range b.joint(b.creating(veleroGroup, "restores", false).at(ns), locations) {
			b.acts(h, w, "a Restore from storage of the attacker's makes any object")
		}
	}
}

// addHooks adds the step to all pods, in which Velero runs what a Backup names, if it may.
func (b *builder) addHooks(h holder, w *workload) {
	if b.may(w.account(), right{verbs: []string{"create"}, resource: "pods/exec"}, "") {
		p := proof{grants: h.grants, object: w.object, path: w.at, note: "it runs the commands that a Backup's hooks name in pods"}
		b.add(subject(h), set(AnyPodKind, ""), p)
	}
}

// veleroRuns says that a controller of the Velero server is not switched off.
func (w *workload) veleroRuns(controller string) bool {
	if only, given := w.flag("restore-only"); given && only == "true" && (controller == "backup" || controller == "schedule") {
		return false
	}
	disabled, _ := w.flag("disable-controllers")
	return !slices.Contains(strings.Split(disabled, ","), controller)
}
