#!/bin/sh
# Makes the files of encryption at rest with a fresh key. Run it as root on the first node of the control plane, and copy
# both files to the others: each node needs the same key. The key is written nowhere else and never printed.
#
#   encryption.yaml        reads what is encrypted, and still writes in the clear: for all nodes first
#   encryption-write.yaml  writes encrypted: takes the place of encryption.yaml once all nodes can read
set -eu
umask 077
dir=${1:-/etc/kubernetes/baseline/encryption}
for file in encryption.yaml encryption-write.yaml; do
	if [ -e "$dir/$file" ]; then
		echo "$dir/$file is there already: another key would make what is encrypted unreadable" >&2
		exit 1
	fi
done
mkdir -p "$dir"
key=$(head -c 32 /dev/urandom | base64 | tr -d '\n')
if [ "${#key}" -ne 44 ]; then
	echo "could not make a key of 32 bytes" >&2
	exit 1
fi

secretbox() {
	cat <<END
  - secretbox:
      keys:
      - name: $1
        secret: $2
END
}
start() {
	cat <<END
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
END
}

name=key-$(date -u +%Y-%m-%d)
{
	start
	echo "  - identity: {}"
	secretbox "$name" "$key"
} >"$dir/encryption.yaml"
{
	start
	secretbox "$name" "$key"
	echo "  - identity: {}"
} >"$dir/encryption-write.yaml"
echo "made $dir/encryption.yaml and $dir/encryption-write.yaml"
