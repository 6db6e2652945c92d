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

//go:embed rewrite-secrets.sh
var rewriteSecrets []byte

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
	rewriteFile     = "rewrite-secrets.sh"
)

// encryption is the step that has Secrets written to etcd encrypted.
func (b *builder) encryption() error {
	p := encryptionPart(b.Encryption)
	s := plan.Step{
		Title: "Secrets are encrypted at rest",
		Why: "The API server encrypts Secrets before it writes them to etcd, so that neither the disk nor a backup shows them. First every " +
			"node learns to read, " +
			"then they write: a node that is not that far answers with errors for what it cannot read.",
		After: append(p.restarted(),
			"on each node, when all are there: cd "+p.folder()+", cp -p "+encryptionFile+" encryption-read.yaml, mv "+
				""+encryptionWrite+" "+encryptionFile+
				"; the API server reads it anew within a minute or two",
			"rewrite what is there, for it stays in the clear until then: sh "+rewriteFile+", once, from anywhere",
			"see that it is so: with etcdctl get, a value below /registry/secrets/ begins with k8s:enc:"),
		Undo: []string{
			"As long as nothing was written encrypted, on each node: sh " + scriptFile + " back.",
			"Afterwards: encryption-read.yaml becomes " + encryptionFile + " again on each node, a minute later all Secrets are rewritten, sh " +
				"" + rewriteFile +
				", and only then on each node: sh " + scriptFile + " back. Without key or flag, Secrets that are encrypted can be neither read " +
				"nor deleted, and what needs them stops.",
		},
	}
	if b.Encryption.KMS == "" {
		s.Files = []plan.File{{Name: encryptionMake, Text: makeEncryption}}
		s.Before = []string{
			"on the first node of the control plane, as root: sh " + encryptionMake + " makes " + encryptionFile + " and " +
				"" + encryptionWrite + " in " + p.folder() +
				" with a fresh key; copy both to the same folder of the other nodes, scp -p",
			"keep a copy of the key apart from the backups of etcd: who loses it loses the Secrets, who has both has them all",
		}
		b.decide(plan.Decision{
			Question: "Shall a key management service hold the key? --kms names the socket of its plugin.",
			Because: []string{"a key in a file protects disks and backups of etcd, not from who takes the node; the level mature asks for a " +
				"KMS and a rotation within twelve months"},
		})
	} else {
		read, write, err := b.Encryption.files()
		if err != nil {
			return err
		}
		s.Files = []plan.File{{Name: encryptionFile, Text: read}, {Name: encryptionWrite, Text: write}}
		s.Before = []string{"see that the plugin of the key management service answers on each node of the control plane, " + b.Encryption.KMS}
	}
	s.Files = append(s.Files, p.patch(), p.script(), plan.File{Name: rewriteFile, Text: rewriteSecrets})
	b.step("encryption", s)
	return nil
}

func encryptionPart(e Encryption) part {
	p := part{name: "encryption", needs: []string{encryptionFile, encryptionWrite}}
	p.flags = []flag{
		{"encryption-provider-config", p.folder() + "/" + encryptionFile},
		{"encryption-provider-config-automatic-reload", "true"},
	}
	if socket, err := e.socket(); err == nil && socket != "" {
		p.files, p.needs = p.needs, nil
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
