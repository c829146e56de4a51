# One word each; `make` alone explains. CI runs exactly `make test`.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

GO      ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# Whatever is made once and used by many: tools, MinIO, demonstration data. Outside the tree; `rm -rf` it at will.
export FIELDSYNC_CACHE := $(or $(FIELDSYNC_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/fieldsync)

# The tools of conformance/tools, built once for each set of pinned versions and each Go.
TOOLS := $(FIELDSYNC_CACHE)/tools-$(shell cat conformance/tools/go.mod <($(GO) env GOVERSION) | sha256sum | cut -c1-12)

PROGRAMS := $(wildcard server/cmd/* client/cmd/*)
NPM_MARK := conformance/interop/node_modules/.fieldsync-installed
TUS_MARK := conformance/uploads/node_modules/.fieldsync-installed
E2E_MARK := conformance/e2e/node_modules/.fieldsync-installed
WEB_NPM  := client/web/node_modules/.fieldsync-installed
# The built web apps, which the server embeds. Made again when anything in client/web is newer.
WEB_MARK := client/web/node_modules/.fieldsync-built
WEB_FROM := $(shell find client/web -type f -not -path '*/node_modules/*' -not -path 'client/web/dist/*' -not -name '*.go' -not -name '*.test.*' -not -path '*/test/*' -not -path '*/rest/schema.ts')

# What may be said on the command line: make run LISTEN=127.0.0.1:9000, make fuzz FUZZTIME=10m (or so many inputs: 5000x), make sim SEEDS=100000
LISTEN   ?= 127.0.0.1:8080
DATA     ?= $(FIELDSYNC_CACHE)/demo
FUZZTIME ?= 60s
FUZZED   ?= ./...
SEEDS    ?= 10000

.PHONY: help build run test vet race sim fuzz e2e chromium bench benchlists benchnotices benchuploads lint web sdk interop minio vectors tools clean

help: ## what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

build: $(WEB_MARK) ## bin/fieldsyncd and its companions, the web apps in it
	@mkdir -p bin
	$(GO) build -ldflags "-X main.version=$(VERSION)" -o bin/ $(addprefix ./,$(PROGRAMS))
	@FIELDSYNCD=$(CURDIR)/bin/fieldsyncd npm run --silent --prefix client/web api

run: build ## a server with demonstration data, from a fresh checkout
	@printf '%s\n' '' \
	  "  fieldsync demonstration           data in $(DATA)" \
	  '' \
	  "  http://$(LISTEN)/           the dispatchers' board" \
	  "  http://$(LISTEN)/m/         the workers' app" \
	  "  ws://$(LISTEN)/sync         sync, with ?access_token=TOKEN for automerge-repo clients" \
	  "  http://$(LISTEN)/api/v1/    the API; /api/v1/openapi.json describes it, docs/API.md has examples" \
	  "  http://$(LISTEN)/readyz     is it ready" \
	  "  http://$(LISTEN)/metrics    its counters" \
	  '' \
	  '  login        password   token' \
	  '  dispatcher   demo       demo-dispatcher' \
	  '  anna         demo       demo-worker-anna' \
	  '  ben          demo       demo-worker-ben' \
	  '' \
	  '  Try, in another terminal:' \
	  "    bin/fieldsync --dir /tmp/anna login http://$(LISTEN) --user anna" \
	  '    bin/fieldsync --dir /tmp/anna sync' \
	  '    bin/fieldsync --dir /tmp/anna jobs' \
	  '' \
	  '  Ctrl-C stops it gracefully.' ''
	@exec bin/fieldsyncd serve --demo --listen $(LISTEN) --data $(DATA)

test: vet minio $(NPM_MARK) $(TUS_MARK) $(WEB_MARK) $(TOOLS)/gotestsum ## everything from a fresh checkout: installs, checks, tests, short fuzzing
	@npm run --silent --prefix client/web typecheck
	@npm run --silent --prefix client/web test
	@$(MAKE) fuzz FUZZTIME=1000x FUZZED='./blobs/... ./client/... ./crdt/...'
	@$(MAKE) e2e
	@conformance/tools/gotest.sh $(TOOLS)/gotestsum ./...

e2e: build minio chromium $(E2E_MARK) ## journeys through the web apps in a real Chromium alone; JOURNEYS='S6' picks some
	@$(GO) build -o bin/ ./conformance/linkproxy
	cd conformance/e2e && npx --no-install playwright test $(if $(JOURNEYS),-g '$(JOURNEYS)')

# The browser of the journeys: CHROMIUM names one, else it is Debian's.
chromium:
	@[ -x "$${CHROMIUM:-/usr/bin/chromium}" ] || { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-noto-core fonts-noto-color-emoji; } >/dev/null

vet: ## gofmt and go vet
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); [ -z "$$unformatted" ] || { echo "gofmt -w $$unformatted"; exit 1; }
	$(GO) vet ./...
	@git ls-files -z '*.mjs' | xargs -0 -n1 node --check

race: minio $(NPM_MARK) $(TUS_MARK) ## all Go tests under the race detector
	$(GO) test -race -timeout 30m ./...

sim: ## SEEDS (10000) simulated worlds: partitions, crashes, failing disks, lying peers
	$(GO) test -count=1 -timeout 60m ./crdt/replica/replicatest -run TestSimulation -sim.seeds $(SEEDS)

fuzz: ## every fuzz target for FUZZTIME (60s)
	@$(GO) test -list '^Fuzz' $(FUZZED) | awk '/^Fuzz/ {names[n++] = $$1} /^ok/ {for (i = 0; i < n; i++) print $$2, names[i]; n = 0}' | \
	while read -r package name; do \
	  echo "$$package $$name for $(FUZZTIME)"; \
	  $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$package" </dev/null | grep -v '^fuzz: elapsed' ; \
	done

bench: build $(NPM_MARK) ## our server, the reference server and relays under one load, into docs/PERFORMANCE.md; then lists of 100,000 jobs, notices beside edits, and files against minio-go, tusd and whole files
	FIELDSYNCD=bin/fieldsyncd $(GO) run ./conformance/bench
	@$(MAKE) benchlists
	@$(MAKE) benchnotices
	@$(MAKE) benchuploads

benchlists: ## lists of 100,000 jobs alone, against bare range reads, into docs/PERFORMANCE.md (needs 4 GB of disk)
	$(GO) test ./server/internal/index -run '^$$' -bench '^BenchmarkLists$$' -benchtime 500x -timeout 60m -index.report $(CURDIR)/docs/PERFORMANCE.md

benchnotices: ## edits with and without notices alone, at 1,000 a minute and as fast as they go, into docs/PERFORMANCE.md
	$(GO) test ./server/internal/notify -run '^$$' -bench '^BenchmarkNoticesBesideEdits$$' -benchtime 1x -timeout 60m -notify.report $(CURDIR)/docs/PERFORMANCE.md

benchuploads: minio $(TUS_MARK) ## files alone: photos over a cut link, throughput, large files, into docs/PERFORMANCE.md (needs 10 GB of disk)
	FIELDSYNC_PHOTOS=100 $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 60m ./conformance/uploads -uploads.report $(CURDIR)/docs/PERFORMANCE.md

lint: $(TOOLS)/golangci-lint $(WEB_NPM) $(E2E_MARK) ## golangci-lint, as .golangci.yml says; ESLint, as client/web/eslint.config.js says
	$(TOOLS)/golangci-lint run ./...
	@npm run --silent --prefix client/web lint

web: $(WEB_MARK) ## the web apps, built into client/web/dist; the next build embeds them

sdk: build ## the browser's SDK as a package for other programs, bin/fieldsync-sdk-VERSION.tgz
	@FIELDSYNCD=$(CURDIR)/bin/fieldsyncd npm run --silent --prefix client/web/sdk package -- $(CURDIR)/bin

interop: $(NPM_MARK) ## real automerge-repo clients of two generations against our server
	$(GO) test -count=1 -v ./conformance/interop/... ./conformance/syncpeers/...

minio: ## the S3 servers that tests run against, MinIO and versitygw, built once into the cache
	@sh conformance/minio/install.sh >/dev/null
	@sh conformance/versitygw/install.sh >/dev/null

vectors: $(NPM_MARK) ## write the golden vectors again, by automerge JS and automerge-go
	node conformance/interop/vectors.mjs
	$(GO) run conformance/vectors/amgo/main.go

tools: $(TOOLS)/gotestsum $(TOOLS)/golangci-lint ## the pinned tools, built into the cache

clean: ## what was built in the tree (the cache stays)
	rm -rf bin conformance/*/node_modules conformance/artefacts client/web/node_modules
	find client/web/dist -mindepth 1 -not -name README.txt -delete

$(TOOLS)/gotestsum: PACKAGE := gotest.tools/gotestsum
$(TOOLS)/golangci-lint: PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(TOOLS)/%:
	@echo "building $* once"
	@mkdir -p $(TOOLS)
	@cd conformance/tools && CGO_ENABLED=0 $(GO) build -trimpath -o $@ $(PACKAGE)

$(NPM_MARK) $(TUS_MARK) $(E2E_MARK): conformance/%/node_modules/.fieldsync-installed: conformance/%/package-lock.json
	npm ci --prefix conformance/$* --omit=optional --no-audit --no-fund
	@cp $< $@

$(WEB_NPM): client/web/package-lock.json
	npm ci --prefix client/web --no-audit --no-fund
	@touch $@

$(WEB_MARK): $(WEB_NPM) $(WEB_FROM)
	@rm -rf client/web/dist/worker client/web/dist/dispatcher
	npm run --silent --prefix client/web build
	@touch $@
