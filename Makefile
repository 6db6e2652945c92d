# Every target installs what it needs. `make test` is what CI runs.
GO      ?= go
BIN     := bin/plimsoll
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X github.com/plimsoll-io/plimsoll/internal/version.release=$(VERSION)
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: build demo test check conformance bench e2e docs fuzz

build: ## the program, stripped
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/plimsoll

demo: build ## the main job on the shipped example
	$(BIN) scan examples/shop/manifests --fail-on none

test: ## all tests: with the race detector, against a real control plane, and against Kyverno
	$(GO) test -race ./...
	cd e2e && $(GO) run ./prepare && $(GO) test -timeout 40m ./...
	cd e2e/kyverno && $(GO) test -timeout 40m ./...
	cd e2e/kyverno/expressions && $(GO) test ./...

check: ## formatting, vet, linters
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	for module in e2e e2e/psp e2e/kyverno e2e/kyverno/expressions; do (cd $$module && $(GO) vet ./...) || exit 1; done
	$(GO) run $(GOLANGCI) run ./...

conformance: ## public cases with known answers, when they are there (PLIMSOLL_CORPORA)
	$(GO) test -count=1 -v -run 'Conformance|ChartsRender|RenderOracles|RealManifests' ./internal/conformance ./inventory/manifest

bench: build ## ratios, not seconds
	$(GO) test -run '^$$' -bench . -benchtime 1s ./policy ./internal/secretscan ./inventory/snapshot
	$(GO) run ./bench -plimsoll $(BIN)
	$(GO) run ./bench network

e2e: ## every test against a real control plane, also the slow ones
	cd e2e && $(GO) run ./prepare && $(GO) test -timeout 60m -v . -args -long
	cd e2e/kyverno && $(GO) test -timeout 60m -v ./...

docs: ## the generated pages of the handbook
	$(GO) run ./cmd/plimsoll __docs docs

fuzz: ## every fuzz target for a short while
	@for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime 30s -fuzzminimizetime 1x $$package || exit 1; \
	  done; \
	done
