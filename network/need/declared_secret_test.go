package need_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// texts are all texts that needs hold, but for the objects that they point to.
func texts(n *need.Needs) string {
	var b strings.Builder
	for _, x := range n.List {
		fmt.Fprintln(&b, x.From.Key(), x.From, x.From.Names, x.To.Key(), x.To, x.To.Names, x.Port)
		for _, e := range x.Evidence {
			fmt.Fprintln(&b, e.What, e.Path)
		}
	}
	fmt.Fprintln(&b, n.Unresolved, n.CannotKnow)
	return b.String()
}

// secretHolders are values with a secret in them, and what the inventory would read them from.
var secretHolders = []string{
	"postgres://user:%s@db:5432/x", "redis://:%s@db:5432", "https://%s@api.example.com/x", "http://db:5432/%s", "http://db:5432?token=%s",
	"user:%s@tcp(db:5432)/x", "host=db port=5432 password=%s dbname=x", "Server=db;Password=%s;Port=5432",
	"amqp://a:%s@db:5432,amqp://b:%s@db:5432",
	"--password=%s --host db", "--password %s --host db --port 5432", "mysql -h db -p%s", "jdbc:postgresql://db:5432/x?user=u&password=%s",
	`{"host": "db", "password": "%s", "port": 5432}`, "host: db\nport: 5432\npassword: %s\n", "password = %s\n[x]\nhost = db\n",
	"Authorization: Bearer %s", "curl -H 'X-Token: %s' http://db:5432", "curl -u user:%s http://db:5432/",
}

// TestNoSecret puts passwords of every sort into every place that is read, without anything that would replace them first.
func TestNoSecret(t *testing.T) {
	pieces := []string{"canary", ".", "canary.example.com", ":", "443", "@", "/", ",", ";", "#", "?", "(", "]", "%", "&", "a.canary.svc",
		"http://", "://", "-canary-host", "=", "[", "\\", "$(X)", "203.0.113.77:80"}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		var password strings.Builder
		password.WriteString("canary")
		for range random.IntN(5) {
			password.WriteString(pieces[random.IntN(len(pieces))])
		}
		holder := secretHolders[i%len(secretHolders)]
		if strings.Contains(password.String(), "http://") && strings.HasPrefix(holder, "http://db") {
			continue // a URL among the paths of another is an address like every other
		}
		value := strings.ReplaceAll(holder, "%s", password.String())
		out := texts(declared(inventoryWith(t, value)))
		if strings.Contains(out, "canary") || strings.Contains(out, "203.0.113.77") {
			t.Fatalf("%q shows:\n%s", value, out)
		}
	}
}

// TestSecretsAlone puts a secret where nothing but a secret should be.
func TestSecretsAlone(t *testing.T) {
	for _, value := range []string{"canary", "canary:443", "canary canary", "canary@x"} {
		out := texts(declared(inventoryWith(t, value)))
		if strings.Contains(out, "canary") {
			t.Errorf("%q shows:\n%s", value, out)
		}
	}
}

// inventoryWith holds a value as variables, arguments, files and a Secret.
func inventoryWith(t *testing.T, value string) *inventory.Inventory {
	t.Helper()
	quoted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(`{kind: Secret, apiVersion: v1, metadata: {name: s, namespace: shop}, stringData: {HOST: VALUE, a.yaml: VALUE}}
---
{kind: ConfigMap, apiVersion: v1, metadata: {name: m, namespace: shop}, data: {DB_URL: VALUE, PASSWORD: VALUE, X: VALUE}}
---
{kind: Service, apiVersion: v1, metadata: {name: db, namespace: shop}, spec: {selector: {app: db}, ports: [{port: 5432}]}}
---
{kind: Pod, apiVersion: v1, metadata: {name: db, namespace: shop, labels: {app: db}}, spec: {containers: [{name: c}]}}
---
kind: Pod
apiVersion: v1
metadata: {name: web, namespace: shop, annotations: {note: VALUE}}
spec:
  volumes: [{name: m, configMap: {name: m}}, {name: s, secret: {secretName: s}}]
  containers:
  - name: c
    command: ["x", VALUE]
    args: ["--password", VALUE, "--host=db", "sh -c", VALUE]
    env: [{name: PASSWORD, value: VALUE}, {name: X, value: VALUE}, {name: DB_DSN, value: VALUE}, {name: Y, value: "$(DB_DSN)"},
      {name: Z, valueFrom: {secretKeyRef: {name: s, key: HOST}}}]
    envFrom: [{configMapRef: {name: m}}, {secretRef: {name: s}}]
    volumeMounts: [{name: m, mountPath: /m}, {name: s, mountPath: /s}]
`, "VALUE", string(quoted))
	return objectsOf(t, []byte(text))
}
