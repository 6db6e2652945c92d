package attack

var velero = Technique{
	ID: "velero", Title: "Have Velero run commands, restore and back up", MITRE: "T1072",
	What: "Velero acts with its own account, cluster-admin in a usual installation. A Backup, or a Schedule that makes them, can hold hooks: " +
		"commands that Velero runs in any container of the pods that are backed up, in every namespace. Who may also write a " +
		"BackupStorageLocation points it to storage of his own: backups bring him the content of every Secret, and a Restore from there " +
		"makes any object that he put into it, such as bindings. Restores of backups that others made give no step.",
	Needs: "Velero running; create, update or patch on backups or schedules of velero.io in its namespace; or those or restores, together with " +
		"backupstoragelocations.",
	Proof: "The bindings and rules, and the server. Check with: kubectl auth can-i create backups.velero.io -n velero --as SUBJECT",
	Cut:   "Treat rights in Velero's namespace as cluster-admin, and let tenants ask for backups through something that checks them.",
	find: func(b *builder) {
		for _, w := range b.deputies(deputy{group: veleroGroup, image: imageNamed("velero")}) {
			if w.object.Kind == "Deployment" || w.object.Kind == "Pod" { // the DaemonSet beside it is the node agent
				b.findVelero(w)
			}
		}
	},
}

const veleroGroup = "velero.io"

func (b *builder) findVelero(w *workload) {
	ns := w.object.Namespace
	backups := either(
		b.writing(veleroGroup, "backups", "Backup", false).at(ns), b.writing(veleroGroup, "schedules", "Schedule", false).at(ns),
	)
	locations := b.writing(veleroGroup, "backupstoragelocations", "BackupStorageLocation", false).at(ns)
	restores := b.creating(veleroGroup, "restores", false).at(ns)
	if b.may(w.account(), right{verbs: []string{"create"}, resource: "pods/exec", named: true}, "") {
		for _, h := range b.joint(backups) {
			p := proof{grants: h.grants, object: w.object, path: w.at, note: "it runs the commands that a Backup's hooks name in pods"}
			b.add(subject(h), set(AnyPodKind, ""), p)
		}
	}
	for _, h := range b.joint(locations, backups) {
		b.sendsSecrets(h, w, "", "a Backup to storage of the attacker's holds every Secret")
	}
	for _, h := range b.joint(locations, restores) {
		b.acts(h, w, "a Restore from storage of the attacker's makes any object")
	}
}
