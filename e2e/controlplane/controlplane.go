package controlplane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Options say what to start. The zero Options are an API server of the newest version without controllers.
type Options struct {
	Minor       string // "1.36"; "" is Newest
	Controllers bool   // with kube-controller-manager
	Audit       string // audit policy; "" records who changed what
	// Flags are further ones of the API server. They come last, so that they count where they repeat one.
	Flags []string
}

// A ControlPlane is a running API server and what belongs to it.
type ControlPlane struct {
	// REST connects as a member of system:masters.
	REST *rest.Config
	// Client is REST's.
	Client *kubernetes.Clientset
	// Folder holds logs and certificates; it is gone after the test.
	Folder string
	// Flags are those of Options, for the next start of the API server.
	Flags []string

	binaries           string
	etcdPort, peerPort int
	apiPort            int
	etcd, api, manager *process
	kwok               *process
}

// readyWithin bounds how long a part may take to get ready, on a busy machine.
const readyWithin = 2 * time.Minute

// auditPolicy records who changed what, with the annotations of admission.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [create, update, patch, delete]
- level: None
`

// Start starts a control plane and waits until it is ready. It ends with the test.
func Start(t testing.TB, o Options) *ControlPlane {
	t.Helper()
	if o.Minor == "" {
		o.Minor = Newest
	}
	binaries, err := Build(o.Minor)
	if err != nil {
		t.Fatal(err)
	}
	c := &ControlPlane{Folder: t.TempDir(), Flags: o.Flags, binaries: binaries}
	t.Cleanup(c.stop)
	if err := c.start(o); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *ControlPlane) start(o Options) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	c.etcdPort, c.peerPort, c.apiPort = ports[0], ports[1], ports[2]
	if err := c.writeFiles(cmp.Or(o.Audit, auditPolicy)); err != nil {
		return fmt.Errorf("write the files of the control plane: %w", err)
	}
	if err := c.startEtcd(); err != nil {
		return err
	}
	if err := c.startAPIServer(); err != nil {
		return err
	}
	if o.Controllers {
		return c.startControllers()
	}
	return nil
}

func (c *ControlPlane) stop() {
	c.kwok.stop()
	c.manager.stop()
	c.api.stop()
	c.etcd.stop()
}

// RestartAPIServer stops the API server and starts it again on the same port and data.
func (c *ControlPlane) RestartAPIServer() error {
	c.api.stop()
	return c.startAPIServer()
}

func (c *ControlPlane) file(name string) string { return filepath.Join(c.Folder, name) }

func (c *ControlPlane) writeFiles(audit string) error {
	ca, err := newAuthority(c.Folder)
	if err != nil {
		return err
	}
	for _, write := range []func() error{
		func() error { return ca.server("apiserver") },
		func() error { return ca.server("service-accounts") }, // only its key is used
		func() error { return ca.client("admin", "e2e-admin", "system:masters") },
		func() error { return ca.client("manager", "system:kube-controller-manager") },
		func() error { return os.WriteFile(c.file("audit-policy.yaml"), []byte(audit), 0o600) },
		func() error { return c.writeKubeconfig("admin", "") },
		func() error { return c.writeKubeconfig("manager", "") },
	} {
		if err := write(); err != nil {
			return err
		}
	}
	c.REST, err = clientcmd.BuildConfigFromFlags("", c.file("admin.kubeconfig"))
	if err != nil {
		return err
	}
	c.REST.QPS, c.REST.Burst = 500, 500
	c.REST.WarningHandler = rest.NoWarnings{}
	c.Client, err = kubernetes.NewForConfig(c.REST)
	return err
}

// Kubeconfig is a file to reach the cluster as user, or as a member of system:masters when user is "".
func (c *ControlPlane) Kubeconfig(user string) (string, error) {
	if user == "" {
		return c.file("admin.kubeconfig"), nil
	}
	if err := c.writeKubeconfig("admin", user); err != nil {
		return "", err
	}
	return c.file("admin-as-" + user + ".kubeconfig"), nil
}

func (c *ControlPlane) writeKubeconfig(name, as string) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["e2e"] = &clientcmdapi.Cluster{Server: fmt.Sprintf("https://127.0.0.1:%d", c.apiPort), CertificateAuthority: c.file("ca.crt")}
	config.AuthInfos["e2e"] = &clientcmdapi.AuthInfo{
		ClientCertificate: c.file(name + ".crt"), ClientKey: c.file(name + ".key"), Impersonate: as,
	}
	config.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: "e2e"}
	config.CurrentContext = "e2e"
	if as != "" {
		name += "-as-" + as
	}
	return clientcmd.WriteToFile(*config, c.file(name+".kubeconfig"))
}

func (c *ControlPlane) startEtcd() (err error) {
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", c.etcdPort), fmt.Sprintf("http://127.0.0.1:%d", c.peerPort)
	c.etcd, err = startProcess(c.Folder, filepath.Join(c.binaries, "etcd"),
		"--data-dir="+c.file("etcd"), "--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer, "--unsafe-no-fsync")
	if err != nil {
		return err
	}
	return Wait(readyWithin, func() error {
		if err := c.etcd.failed(); err != nil {
			return err
		}
		answer, err := http.Get(client + "/health")
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("etcd is not healthy: %s", answer.Status)
		}
		return nil
	})
}

func (c *ControlPlane) startAPIServer() (err error) {
	c.api, err = startProcess(c.Folder, filepath.Join(c.binaries, "kube-apiserver"), append([]string{
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", c.etcdPort), "--bind-address=127.0.0.1", "--endpoint-reconciler-type=none",
		fmt.Sprintf("--secure-port=%d", c.apiPort), "--tls-cert-file=" + c.file("apiserver.crt"), "--tls-private-key-file=" + c.file("apiserver.key"),
		"--client-ca-file=" + c.file("ca.crt"), "--authorization-mode=RBAC", "--allow-privileged=true",
		"--service-account-issuer=https://e2e", "--service-account-key-file=" + c.file("service-accounts.key"),
		"--service-account-signing-key-file=" + c.file("service-accounts.key"), "--service-cluster-ip-range=10.0.0.0/24",
		"--audit-policy-file=" + c.file("audit-policy.yaml"), "--audit-log-path=" + c.file("audit.log"),
	}, c.Flags...)...)
	if err != nil {
		return err
	}
	return Wait(readyWithin, func() error {
		if err := c.api.failed(); err != nil {
			return err
		}
		return c.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(context.Background()).Error()
	})
}

// startControllers waits for what the controllers do in every namespace: a service account and the root certificate.
func (c *ControlPlane) startControllers() (err error) {
	c.manager, err = startProcess(c.Folder, filepath.Join(c.binaries, "kube-controller-manager"),
		"--kubeconfig="+c.file("manager.kubeconfig"), "--secure-port=0", "--leader-elect=false",
		"--use-service-account-credentials=true", "--service-account-private-key-file="+c.file("service-accounts.key"),
		"--root-ca-file="+c.file("ca.crt"), "--kube-api-qps=500", "--kube-api-burst=500", "--concurrent-deployment-syncs=20",
		"--concurrent-replicaset-syncs=20")
	if err != nil {
		return err
	}
	return Wait(readyWithin, func() error {
		if err := c.manager.failed(); err != nil {
			return err
		}
		_, err := c.Client.CoreV1().ServiceAccounts("default").Get(context.Background(), "default", metav1.GetOptions{})
		return err
	})
}

// Wait asks until check is content, and gives its last error when that takes longer than limit, or at once when a part
// of the control plane has ended.
func Wait(limit time.Duration, check func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil || errors.Is(err, errEnded) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited for %v: %w", limit, err)
		}
		time.Sleep(50 * time.Millisecond) // between two questions, never instead of one
	}
}
