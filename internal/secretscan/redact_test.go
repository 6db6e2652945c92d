package secretscan

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
)

const (
	canary    = "cAnArY7x9Qz2"
	awsKey    = "AKIA" + "QYLPMN5HHHFPZAM2"
	githubPAT = "ghp_" + "x7Rk2mQ9vTzL4nW8sYb3cHdJ6fGp1aE5uK0i"
	pem       = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + canary + "\n" + canary + "\n-----END RSA PRIVATE KEY-----\n"
	pemCut    = "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + canary
)

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// TestCanary plants secrets in every place and expects none of them back.
func TestCanary(t *testing.T) {
	secret := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"k":"` +
		base64.StdEncoding.EncodeToString([]byte(canary)) + `"},"stringData":{"pin":"` + canary + `"}}`
	pod := func(spec string) string { return `{"kind":"Pod","metadata":{"name":"p"},"spec":` + spec + `}` }
	container := func(c string) string { return pod(`{"containers":[{"name":"web",` + c + `}]}`) }
	configMap := func(key, value string) string {
		return `{"kind":"ConfigMap","metadata":{"name":"c"},"data":{` + quote(key) + `:` + quote(value) + `}}`
	}
	cases := map[string]string{
		"secret":                    secret,
		"secret list":               `{"kind":"List","items":[` + secret + `]}`,
		"secret in a custom object": `{"kind":"Bundle","spec":{"objects":[` + secret + `]}}`,
		"secret data of odd shape":  `{"kind":"Secret","data":["` + canary + `"],"stringData":{"a":{"b":"` + canary + `"}}}`,
		"secret annotation":         `{"kind":"Secret","metadata":{"annotations":{"x/applied":"` + strings.Repeat(canary, 40) + `"}}}`,
		"last-applied":              `{"kind":"Secret","metadata":{"annotations":{"` + lastApplied + `":` + quote(secret) + `}},"data":{}}`,
		"last-applied pod": `{"kind":"Pod","metadata":{"annotations":{"` + lastApplied + `":` +
			quote(container(`"env":[{"name":"DB_PASSWORD","value":"`+canary+`"}]`)) + `}}}`,
		"last-applied cut off": `{"kind":"Pod","metadata":{"annotations":{"` + lastApplied + `":` + quote(secret[:120]) + `}}}`,
		"env":                  container(`"env":[{"name":"DB_PASSWORD","value":"` + canary + `"}]`),
		"env by value":         container(`"env":[{"name":"SETTING","value":"postgres://shop:` + canary + `@db:5432/shop"}]`),
		"env mysql":            container(`"env":[{"name":"DSN","value":"shop:` + canary + `@tcp(db:3306)/shop"}]`),
		"env key=value":        container(`"env":[{"name":"JAVA_OPTS","value":"-Xmx1g -Ddb.password=` + canary + ` -Dx=y"}]`),
		"env dsn":              container(`"env":[{"name":"CONN","value":"Server=db;User=sa;Password=` + canary + `;Encrypt=true"}]`),
		"argument":             container(`"args":["--verbose","--db-password=` + canary + `"]`),
		"argument after flag":  container(`"args":["--db-password","` + canary + `"]`),
		"script":               container(`"command":["sh","-c","export DB_PASSWORD='` + canary + `'; exec app"]`),
		"script flag":          container(`"command":["sh","-c","app --token ` + canary + ` --x"]`),
		"probe header": container(
			`"livenessProbe":{"httpGet":{"httpHeaders":[{"name":"X-Api-Key","value":"` + canary + `"}]}}`),
		"annotation":              `{"kind":"Pod","metadata":{"annotations":{"example.com/password":"` + canary + `"}}}`,
		"annotation url":          `{"kind":"Pod","metadata":{"annotations":{"repo":"https://bot:` + canary + `@git.example.com/x"}}}`,
		"config key":              configMap("password", canary),
		"config key camel":        configMap("dbPassword", canary),
		"config dotted":           configMap("spring.datasource.password", canary),
		"config trailing newline": configMap("token", canary+"\n"),
		"properties":              configMap("app.properties", "a=b\ndb.password="+canary+"\nc=d"),
		"properties, spaced":      configMap("app.properties", "db.password = correct horse "+canary),
		"yaml":                    configMap("app.yaml", "db:\n  user: shop\n  password: "+canary+" # rotate\n"),
		"yaml quoted":             configMap("app.yaml", `password: "`+canary+`"`),
		"yaml block":              configMap("app.yaml", "password: |\n  "+canary+"\n  "+canary+"\nnext: x"),
		"yaml env":                configMap("pod.yaml", "env:\n- name: DB_PASSWORD\n  value: "+canary),
		"json":                    configMap("app.json", `{"db":{"user":"x","password":"`+canary+`"}}`),
		"json pair":               configMap("app.json", `[{"name":"DB_PASSWORD","value":"`+canary+`"}]`),
		"xml":                     configMap("server.xml", `<Connector keystorePass="`+canary+`"/>`),
		"xml element":             configMap("web.xml", `<password>`+canary+`</password>`),
		"hadoop":                  configMap("core.xml", "<name>fs.s3a.secret.key</name>\n<value>"+canary+"</value>"),
		"ini":                     configMap("grafana.ini", "[security]\nadmin_password = "+canary),
		"commented":               configMap("grafana.ini", ";admin_password = "+canary),
		"redis":                   configMap("redis.conf", "appendonly yes\nrequirepass "+canary),
		"docker auth": configMap(".dockerconfigjson",
			`{"auths":{"r":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("u:"+canary))+`"}}}`),
		"header":           configMap("nginx.conf", `proxy_set_header Authorization "Bearer `+canary+`";`),
		"pem":              configMap("tls.key", pem),
		"pem cut off":      configMap("x", pemCut),
		"pem in env":       container(`"env":[{"name":"X","value":` + quote(pem) + `}]`),
		"binary":           `{"kind":"ConfigMap","binaryData":{"k":"` + base64.StdEncoding.EncodeToString([]byte("password="+canary)) + `"}}`,
		"custom field":     `{"kind":"Database","spec":{"admin":{"password":"` + canary + `"}}}`,
		"custom values":    `{"kind":"Application","spec":{"values":"db:\n  password: ` + canary + `\n"}}`,
		"custom parameter": `{"kind":"Application","spec":{"parameters":[{"name":"adminPassword","value":"` + canary + `"}]}}`,
		"custom metadata":  `{"kind":"ScaledObject","spec":{"triggers":[{"metadata":{"password":"` + canary + `"}}]}}`,
		"list of lists":    `{"kind":"X","spec":[[["https://a:` + canary + `@b/"]]]}`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			o := object(t, text)
			hits := New().Redact(o)
			out, _ := json.Marshal(o)
			if strings.Contains(string(out), canary) || hits == 0 {
				t.Errorf("%d hits; still there or missed in %s", hits, out)
			}
			encoded := base64.StdEncoding.EncodeToString([]byte(canary))
			if strings.Contains(string(out), encoded[:len(encoded)-4]) {
				t.Errorf("the encoded value is still in %s", out)
			}
		})
	}
}

// TestClasses says what the detector recognises by value alone, in any place.
func TestClasses(t *testing.T) {
	for value, want := range map[string]string{
		awsKey:                                   "aws-access-token",
		githubPAT:                                "github-pat",
		pem:                                      PrivateKey,
		"glpat-" + "x7Rk2mQ9vTzL4nW8sYb3":        "gitlab-pat",
		"SG." + strings.Repeat("aB3dE6gH9jK", 6): "sendgrid-api-token",
		"sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc":  "stripe-access-token",
		"https://hooks.slack.com/services/T0ABCDEF1/B0ABCDEF2/" + "x7Rk2mQ9vTzL4nW8sYb3cHdJ": "slack-webhook-url",
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ." +
			"SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c": "jwt",
		base64.StdEncoding.EncodeToString([]byte(pem)): PrivateKey,
	} {
		o := map[string]any{"kind": "Thing", "spec": map[string]any{"text": "see " + value + "\nand more"}}
		New().Redact(o)
		text := o["spec"].(map[string]any)["text"].(string)
		marks := Marks(text)
		if len(marks) != 1 || marks[0].Class != want {
			t.Errorf("want one %s, got %v", want, marks)
		}
		if !strings.HasPrefix(text, "see ") || !strings.HasSuffix(text, "and more") {
			t.Errorf("%s: more than the hit was replaced: %s", want, text)
		}
	}
}

func TestMarkers(t *testing.T) {
	s := New()
	o := object(t, `{"kind":"Pod","spec":{"containers":[{"env":[
		{"name":"A_PASSWORD","value":"`+canary+`"},{"name":"B_PASSWORD","value":"`+canary+`"},
		{"name":"FORGED","value":"<redacted:aws-access-token:0123456789abcdef01234567>"},
		{"name":"FORGED_PASSWORD","value":"<redacted:aws-access-token:0123456789abcdef01234567>"}]}]}}`)
	s.Redact(o)
	env := o["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)["env"].([]any)
	value := func(i int) string { return env[i].(map[string]any)["value"].(string) }
	if class, ok := Class(value(0)); !ok || class != NamedCredential {
		t.Errorf("%q is no marker", value(0))
	}
	if value(0) != value(1) {
		t.Error("the same value has two digests")
	}
	if _, ok := Class(value(2)); ok || !strings.HasPrefix(value(2), forgedStart) {
		t.Errorf("a forged marker passed: %q", value(2))
	}
	if class, _ := Class(value(3)); class != NamedCredential {
		t.Errorf("a forged marker hid a value: %q", value(3))
	}
	before, _ := json.Marshal(o)
	if hits := s.Redact(o); hits != 0 {
		t.Errorf("%d hits in redacted text", hits)
	}
	if after, _ := json.Marshal(o); string(after) != string(before) {
		t.Errorf("redacting twice changed\n%s\ninto\n%s", before, after)
	}
	other := object(t, string(before))
	New().Redact(other)
	if after, _ := json.Marshal(other); strings.Contains(string(after), value(0)) {
		t.Error("another scanner took over a marker")
	}
}

func TestStable(t *testing.T) {
	redacted, _ := New().scanText("user=shop\npassword="+canary+"\n", true)
	if got, want := Stable(redacted), "user=shop\npassword=<redacted:named-credential>\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Stable("plain"); got != "plain" {
		t.Errorf("got %q", got)
	}
}

// TestHostileText gives texts that a careless search would take hours for.
func TestHostileText(t *testing.T) {
	const size = 128 << 10
	for name, unit := range map[string]string{
		"names":           "password",
		"quoted names":    `"password":f( `,
		"assignments":     "password=f(x ",
		"open quotes":     `password="x`,
		"mixed quotes":    `password="password='password=` + "`",
		"lines":           "password: f(\n",
		"keys":            "-----BEGIN PRIVATE KEY-----\n",
		"keys with data":  "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("a", 32) + "\n",
		"urls":            "://",
		"addresses":       "@tcp(",
		"tokens":          "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
		"token starts":    "SKaAkIaghp_xoxb-glpat-",
		"docker":          `"auth":"`,
		"vendors":         "datadog discord facebook ",
		"markers":         markerStart,
		"authorization":   "Authorization:Bearer ",
		"block scalars":   "password: |\n ",
		"curl":            "curl -u ",
		"encoded headers": "LS0tLS1CRUdJTi",
	} {
		t.Run(name, func(*testing.T) {
			o := map[string]any{"kind": "ConfigMap", "data": map[string]any{"x": strings.Repeat(unit, size/len(unit))}}
			New().Redact(o)
		})
	}
}

func TestRedactConcurrently(t *testing.T) {
	s := New()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			o := map[string]any{"kind": "ConfigMap", "data": map[string]any{"a": "token: " + githubPAT, "password": canary}}
			if s.Redact(o) != 2 {
				t.Error("missed")
			}
		})
	}
	wait.Wait()
}

func FuzzRedact(f *testing.F) {
	f.Add("app.yaml", "db:\n  password: "+canary+"\n")
	f.Add("password", "<redacted:x:0123456789abcdef01234567>")
	f.Add("x", pem+pemCut)
	f.Add("x", "postgres://a:b@c <name>secret</name>\n<value>v</value> \"auth\": \"YTpi\" Authorization: Bearer ")
	f.Add("secret", "password: |\n  x\n y")
	f.Fuzz(func(t *testing.T, key, value string) {
		s := New()
		o := map[string]any{
			"kind": "ConfigMap", "data": map[string]any{key: value}, "binaryData": map[string]any{key: value},
			"metadata": map[string]any{"annotations": map[string]any{key: value, lastApplied: value}},
			"spec":     map[string]any{key: value, "args": []any{key, value}, "env": []any{map[string]any{"name": key, "value": value}}},
		}
		s.Redact(o)
		first, _ := json.Marshal(o)
		s.Redact(o)
		if second, _ := json.Marshal(o); string(first) != string(second) {
			t.Errorf("not stable:\n%s\n%s", first, second)
		}
		odd := map[string]any{"kind": "Secret", "data": value, "stringData": []any{value}}
		s.Redact(odd)
		first, _ = json.Marshal(odd)
		s.Redact(odd)
		if second, _ := json.Marshal(odd); string(first) != string(second) {
			t.Errorf("not stable:\n%s\n%s", first, second)
		}
		secret := map[string]any{"kind": "Secret", "data": map[string]any{key: value}}
		s.Redact(secret)
		if got := secret["data"].(map[string]any)[key].(string); value != "" {
			if class, ok := Class(got); !ok || class != SecretData {
				t.Errorf("Secret value kept: %q", got)
			}
		}
	})
}
