#!/bin/sh
# Takes one step on one node of the control plane: as root, from the step's folder, on one node after the other.
#
#   sh on-node.sh         puts the files in place, keeps the manifest of the API server, changes it, and waits until the
#                         API server is back; if it does not come back, the kept manifest takes its place again
#   sh on-node.sh back    puts the kept manifest back
set -eu
cd "$(dirname "$0")"
step='@STEP@'
files='@FILES@' # that are put in place
needs='@NEEDS@' # that have to be there
flag='--@FLAG@'
config=${BASELINE_CONFIG:-@CONFIG@}/$step
manifest=${BASELINE_MANIFEST:-/etc/kubernetes/manifests/kube-apiserver.yaml}
kept=${BASELINE_KEPT:-/root}/kube-apiserver-before-$step.yaml
health=${BASELINE_HEALTH:-https://127.0.0.1:6443/livez}
wait=${BASELINE_WAIT:-300} # seconds
proc=${BASELINE_PROC:-/proc}

# replace puts a manifest in place in one go: the kubelet passes over names that begin with a dot.
replace() {
	next=$(dirname "$manifest")/.kube-apiserver.yaml.next
	cat >"$next"
	chmod 0600 "$next"
	mv "$next" "$manifest"
}

# runs says whether an API server runs with the flag of this step.
runs() {
	if grep -qsz -e "^$flag=" "$proc"/[0-9]*/cmdline; then echo yes; else echo no; fi
}

# comes waits until the API server runs with the flag (yes) or without it (no), and is well.
comes() {
	waited=0
	until [ "$(runs)" = "$1" ] && curl -fsk --max-time 5 "$health" >/dev/null; do
		[ "$waited" -lt "$wait" ] || return 1
		sleep 2
		waited=$((waited + 2))
	done
}

back() {
	replace <"$kept"
	comes no || {
		echo "the API server does not come back with $kept either: crictl ps -a --name kube-apiserver, crictl logs of the newest" >&2
		exit 1
	}
}

if [ "${1:-}" = back ]; then
	[ -e "$kept" ] || { echo "there is no $kept: this step was not taken on this node" >&2; exit 1; }
	back
	echo "back to $kept"
	exit 0
fi
if grep -q -e "$flag=" "$manifest"; then
	echo "$manifest has $flag already: nothing was changed" >&2
	exit 1
fi
install -d -m 0700 "$config"
for file in $files; do
	install -m 0600 "$file" "$config/$file"
done
for file in $needs; do
	[ -e "$config/$file" ] || { echo "$config/$file is not there: see README.md" >&2; exit 1; }
done
cp -p "$manifest" "$kept"
changed=$(kubectl patch --local -f "$kept" --type=json --patch-file kube-apiserver+json.yaml -o yaml)
printf '%s\n' "$changed" | replace
if ! comes yes; then
	echo "the API server does not come back within $wait seconds; the newest of crictl ps -a --name kube-apiserver tells why:" >&2
	crictl logs --tail 20 "$(crictl ps -a --name kube-apiserver -q | head -n 1)" >&2 || true
	back
	echo "the manifest of before is back in place" >&2
	exit 1
fi
echo "the API server runs with $flag, and is well"
