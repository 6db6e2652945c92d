package baseline

import (
	_ "embed"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden/plan"
)

//go:embed make-encryption-config.sh
var makeEncryption []byte

// An Encryption says which key encrypts Secrets at rest.
type Encryption struct {
	// KMS is the socket of a KMS v2 plugin on each node, "unix:///var/run/kms/socket.sock". Without one a key is made on the
	// first node, by a script that the plan brings: no plan holds a key.
	KMS string
}

const (
	encryptionFile  = "encryption.yaml"
	encryptionWrite = "encryption-write.yaml"
	encryptionMake  = "make-encryption-config.sh"
)

// encryption is the step that has Secrets written to etcd encrypted.
func (b *builder) encryption() error {
	p := encryptionPart(b.Encryption)
	s := plan.Step{
		Title: "Secrets are encrypted at rest",
		Why: "The API server encrypts Secrets before it writes them to etcd, so that neither the disk nor a backup shows them. First every node learns to read, " +
			"then they write: a node that is not that far answers with errors for what it cannot read.",
		After: append(restarted(p),
			"when all nodes are there: on each of them, mv "+etcDir+"/"+encryptionWrite+" "+etcDir+"/"+encryptionFile+" (keep the old one as encryption-read.yaml); "+
				"the API server reads it anew within a minute or two",
			"rewrite what is there, for it stays in the clear until then: kubectl get secrets -A -o json | kubectl replace -f - (again, when some changed meanwhile)",
			"see that it is so: a value in etcd begins with k8s:enc:, ETCDCTL_API=3 etcdctl get /registry/secrets/NAMESPACE/NAME | head -c 60"),
		Undo: []string{
			"As long as nothing was written encrypted: cp -p " + backupFile + " " + manifest + ", on each node.",
			"Afterwards: encryption-read.yaml becomes " + encryptionFile + " on each node, all Secrets are rewritten as above, and only then the flags go. " +
				"Without key or flag, Secrets that are encrypted can be neither read nor deleted, and what needs them stops.",
		},
	}
	if b.Encryption.KMS == "" {
		s.Files = []plan.File{{Name: encryptionMake, Text: makeEncryption}, p.patch()}
		s.Before = []string{
			"on the first node of the control plane: sh " + encryptionMake + " " + etcDir + " makes " + encryptionFile + " and " + encryptionWrite + " with a fresh key; " +
				"copy both to the other nodes (scp -p)",
			"keep a copy of the key apart from the backups of etcd: who loses it loses the Secrets, who has both has them all",
			backup,
		}
		b.decide(plan.Decision{
			Question: "Shall a key management service hold the key? --kms names the socket of its plugin.",
			Because:  []string{"a key in a file protects disks and backups of etcd, not from who takes the node; the level mature asks for a KMS and a rotation within twelve months"},
		})
	} else {
		read, write, err := b.Encryption.files()
		if err != nil {
			return err
		}
		s.Files = []plan.File{{Name: encryptionFile, Text: read}, {Name: encryptionWrite, Text: write}, p.patch()}
		s.Before = append([]string{"see that the plugin of the key management service answers on each node of the control plane, " + b.Encryption.KMS},
			append(place(encryptionFile, encryptionWrite), backup)...)
	}
	b.step("encryption", s)
	return nil
}

func encryptionPart(e Encryption) part {
	p := part{
		name: "encryption",
		flags: []flag{
			{"encryption-provider-config", etcDir + "/" + encryptionFile},
			{"encryption-provider-config-automatic-reload", "true"},
		},
		volumes: []volume{configVolume}, bare: true,
	}
	if socket, err := e.socket(); err == nil && socket != "" {
		p.volumes = append(p.volumes, volume{"baseline-kms", path.Dir(socket), false, "Directory"})
	}
	return p
}

// socket is the path of the KMS plugin's socket; "" without one.
func (e Encryption) socket() (string, error) {
	if e.KMS == "" {
		return "", nil
	}
	u, err := url.Parse(e.KMS)
	if err != nil || u.Scheme != "unix" || u.Host != "" || !path.IsAbs(u.Path) || path.Clean(u.Path) != u.Path || path.Dir(u.Path) == "/" ||
		strings.ContainsFunc(u.Path, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("'\"\\:#", r) }) {
		return "", fmt.Errorf("the KMS plugin is reached by a socket in a folder of its own: unix:///var/run/kms/socket.sock")
	}
	return u.Path, nil
}

// files are the configurations that can only read what is encrypted, and that write encrypted.
func (e Encryption) files() (read, write []byte, err error) {
	if _, err := e.socket(); err != nil {
		return nil, nil, err
	}
	const start = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n"
	const identity = "  - identity: {}\n"
	kms := "  - kms:\n      apiVersion: v2\n      name: baseline\n      endpoint: " + e.KMS + "\n      timeout: 3s\n"
	return []byte(start + identity + kms), []byte(start + kms + identity), nil
}
