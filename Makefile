# Crosswalk. Every target is non-interactive and exits non-zero on failure; README says what each is for.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
GO ?= go
SEEDS ?= 2000
DATA ?=
SOURCE ?= hubspot
CONFORMANCE := internal/connector/hubspot/hubspottest/conformance

.PHONY: build run demo journey test unit conformance simulate bench invoke clean

build: ## bin/crosswalk
	$(GO) build -trimpath -o bin/crosswalk ./functions/local

run: build ## everything on this machine: simulators, product, sample data
	bin/crosswalk local

demo: build ## the main job from start to finish, a table, then one JSON line; DATA=folder for another data set
	bin/crosswalk demo --source "$(SOURCE)" $(if $(DATA),--data "$(DATA)")

journey: build ## three people by command line only, from an empty folder to the month end; ends with one JSON line
	bin/crosswalk journey

test: build ## everything that CI checks; installs what it needs
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.26 or newer"; exit 1; }
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer"; exit 1; }
	test -z "$$(gofmt -l functions internal)" || { gofmt -l functions internal; echo "gofmt -w the files above"; exit 1; }
	$(GO) vet ./...
	$(MAKE) unit
	$(MAKE) conformance
	$(MAKE) demo
	$(MAKE) journey

unit:
	$(GO) test -timeout 30m ./...

conformance: ## the vendors' official clients drive the simulators
	cd $(CONFORMANCE) && if [ ! -d node_modules ]; then npm ci --no-audit --no-fund --loglevel=error; fi
	$(GO) test ./$(CONFORMANCE)/... -count=1 -v | grep -vE '^=== '

simulate: ## SEEDS=n seeds of chaos against the whole engine
	$(GO) test ./internal/simulation -count=1 -timeout 60m -run 'TestSimulate|TestCrashPoints' -v -args -seeds $(SEEDS) | grep -vE '^=== '

bench: ## one JSON line per figure
	$(GO) run ./functions/local bench

invoke: ## EVENT=file: replay one sample event by hand (comes with the AWS functions)
	@echo "invoke comes with the AWS functions: there is no deployed handler to call yet"; exit 1

clean:
	rm -rf bin .build dist cdk.out data $(CONFORMANCE)/node_modules
