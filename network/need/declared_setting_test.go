package need

import (
	"slices"
	"testing"
)

func TestMeaningOf(t *testing.T) {
	for key, want := range map[string]keyMeaning{
		"CART_ADDR": {address: true}, "--redis-host": {address: true}, "spring.datasource.url": {address: true}, "dbHost": {address: true},
		"DB_HOST_1": {address: true}, "DB_HOST_NAME": {address: true}, "KAFKA_BOOTSTRAP_SERVERS": {address: true},
		"PG_CONNECTION_STRING": {address: true},
		"HOST":                 {address: true}, "HOSTNAME": {}, "SERVER_PORT": {}, "REDIS_HOST_KEY": {}, "DB_URL_TIMEOUT": {}, "WEB_SERVER": {},
		"SERVICE_NAME": {},
		"NO_PROXY":     {address: true, other: true}, "ALLOWED_HOSTS": {address: true, other: true}, "LISTEN_ADDR": {address: true, other: true},
		"SERVER_NAME": {other: true}, "PUBLIC_URL": {address: true, own: true}, "external_url": {address: true, own: true},
		"EXTERNAL_API_URL": {address: true}, "GF_SERVER_ROOT_URL": {address: true, own: true}, "": {}, "_": {}, "名": {},
	} {
		if got := meaningOf(key); got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}

func TestPortKeys(t *testing.T) {
	for key, want := range map[string]string{
		"DB_HOST": "DB_PORT", "dbHost": "dbPort", "spring.redis.host": "spring.redis.port", "--db-host": "--db-port", "host": "port",
		"CART_SERVICE_HOST": "CART_SERVICE_PORT", "DB_HOST_1": "DB_PORT_1", "REDIS": "REDIS_PORT", "REDIS_HOST": "REDIS_PORT_NUMBER",
		"db_hostname": "db_port", "DbServer": "DbPort", "DB_HOST_NAME": "DB_PORT", "API_URL": "API_URL_PORT",
	} {
		if got := portKeys(key); !slices.Contains(got, want) {
			t.Errorf("%s: %q, want %s among them", key, got, want)
		}
	}
}
