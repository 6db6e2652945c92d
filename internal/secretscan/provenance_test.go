package secretscan

import "testing"

// TestProvenance holds the judgement of names and values: what users of scanners call false alarms must pass.
func TestProvenance(t *testing.T) {
	for _, c := range []struct {
		name, value string
		hit         bool
	}{
		{"DB_PASSWORD", "changeme", true},
		{"DB_PASSWORD", "12345", true},
		{"REDIS_TOKEN", "12345", false},
		{"PGPASSWORD", "shop", true},
		{"MYSQL_PWD", "hi", true},
		{"pwd", "aGVsbG8=", true},
		{"OCI_CLI_KEY_CONTENT", "xxx", true},
		{"aws_access_key_id", "XXXX", true},
		{"AWS_SECRET_ACCESS_KEY", "/AbC1xYz9/QwErTy7+UiOp3AsDfGhJkLzXcVbNm12", true},
		{"jwtSecret", "shop-signing", true},
		{"STRIPE_API_KEY", "abc", true},
		{"SECRET_KEY_BASE", "0f1e2d", true},
		{"client-key-data", "abcdefgh", true},
		{"ADMIN_PASS", "$2a$10$abcdefghijklmnopqrstuv", true},

		{"DB_PASSWORD", "", false},
		{"DB_PASSWORD", "$(DB_PASSWORD)", false},
		{"DB_PASSWORD", "${DB_PASSWORD}", false},
		{"DB_PASSWORD", "$DB_PASSWORD", false},
		{"DB_PASSWORD", "{{ .Values.password }}", false},
		{"DB_PASSWORD", "<your-password>", false},
		{"DB_PASSWORD", "%(ENV_PASSWORD)s", false},
		{"DB_PASSWORD", "vault:secret/data/db#password", false},
		{"DB_PASSWORD", "********", false},
		{"DB_PASSWORD", "__DB_PASSWORD__", false},
		{"DB_PASSWORD", "@db.password@", false},
		{"DB_PASSWORD", "INSERT_PASSWORD_HERE", false},
		{"DB_PASSWORD_FILE", "/run/secrets/db", false},
		{"DB_PASSWORD", "/run/secrets/db-password", false},
		{"GOOGLE_APPLICATION_CREDENTIALS", "/var/secrets/google/key.json", false},
		{"TOKEN_PATH", "var/token", false},
		{"SECRET_NAME", "shop-db", false},
		{"tokenSecretName", "shop-token", false},
		{"existingSecret", "shop-db", false},
		{"existingSecretPasswordKey", "password", false},
		{"imagePullSecrets", "registry", false},
		{"TOKEN_URL", "https://login.example.com/token", false},
		{"TOKEN_TTL", "3600", false},
		{"MAX_TOKENS", "4096", false},
		{"TOKEN_EXPIRY", "15m", false},
		{"ENABLE_TOKEN_AUTH", "true", false},
		{"ALLOW_EMPTY_PASSWORD", "yes", false},
		{"PASSWORD_MIN_LENGTH", "12", false},
		{"PASSWORD_POLICY", "strict", false},
		{"KMS_KEY_ID", "alias/shop", false},
		{"PWD", "/srv/shop", false},
		{"COMPASS", "north", false},
		{"KEYCLOAK_REALM", "shop", false},
		{"CACHE_KEY", "cart", false},
		{"PUBLIC_KEY", "ssh-rsa AAAA", false},
		{"TOKENIZER", "whitespace", false},
		{"SECRETARY", "ann", false},
	} {
		o := map[string]any{"kind": "Pod", "spec": map[string]any{
			"env": []any{map[string]any{"name": c.name, "value": c.value}},
		}}
		if hit := New().Redact(o) > 0; hit != c.hit {
			t.Errorf("%s=%s: hit %v, want %v", c.name, c.value, hit, c.hit)
		}
	}
}

// TestQuietText holds lines of configuration files that hold no secret.
func TestQuietText(t *testing.T) {
	for _, text := range []string{
		"REDIS_PASSWORD=\n",
		"REDIS_PASSWORD=${REDIS_PASSWORD}\nx=y\n",
		"password: {{ .Values.password }}\n",
		"tokens: 4096\n",
		"password:\n  min: 8\n",
		"secretName: shop-db\n",
		"password = os.environ[\"DB_PASSWORD\"]\n",
		"token := r.Header.Get(\"X-Token\")\n",
		"if token == \"\" {\n",
		"PASSWORD=$(cat /run/secrets/db)\n",
		"SECRET=`sed -n 1p /run/x`\n",
		"# The token: a thing that opens doors.\n",
		"summary: The token expired, log in again.\n",
		"secretKeyRef:\n  name: db\n  key: password\n",
		"--token-file=/var/run/token\n",
		"image: registry/shop@sha256:4bc453b53cb3d914b45f4b250294236adba2c0e09ff6f03793949e7e39fd4cc1\n",
		"uid: 5195ed3a-fa3c-46ce-8c66-32d1a83ea41f\n",
		"rotate: see https://example.com/a@b:c\n",
		"-----BEGIN CERTIFICATE-----\nMIIDXTCCAkWgAwIBAgIJAJC1HiIAZAiI\n-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
		"type: password\nauthentication: token\n",
		"grant_type=password&client=shop\n",
	} {
		o := map[string]any{"kind": "ConfigMap", "data": map[string]any{"app.conf": text}}
		New().Redact(o)
		for _, m := range Marks(o["data"].(map[string]any)["app.conf"].(string)) {
			t.Errorf("%s in %q", m.Class, text)
		}
	}
}
