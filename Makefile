# Crosswalk. Every target is non-interactive and exits non-zero on failure; README says what each is for.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
GO ?= go
SEEDS ?= 2000
DATA ?=
SOURCE ?= hubspot
AWS ?=
CUSTOMER ?= acme
EVENT ?= events/apigateway-hubspot-deal-won.json
CONFORMANCE := internal/connector/hubspot/hubspottest/conformance internal/connector/salesforce/salesforcetest/conformance
FUNCTIONS := webhook oauth console poll work
LAMBDA_BUILD := CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -tags lambda.norpc

.PHONY: build program bootstraps here run demo journey test unit conformance simulate bench invoke infra synth diff deploy destroy clean

build: program bootstraps ## bin/crosswalk, and every function's bootstrap for Lambda in dist/

program:
	$(GO) build -trimpath -o bin/crosswalk ./functions/local

bootstraps:
	for f in $(FUNCTIONS); do GOOS=linux GOARCH=arm64 $(LAMBDA_BUILD) -o dist/$$f/bootstrap ./functions/$$f; done

here: ## the same functions for this machine's processor, for the local AWS
	for f in $(FUNCTIONS); do $(LAMBDA_BUILD) -o .build/functions/$$f/bootstrap ./functions/$$f; done

run: program ## everything on this machine: simulators, product, sample data
	bin/crosswalk local

demo: program $(if $(AWS),here) ## the main job from start to finish, a table, then one JSON line; DATA=folder for another data set
	bin/crosswalk demo --source "$(SOURCE)" $(if $(DATA),--data "$(DATA)") $(if $(AWS),--aws "$(AWS)")

journey: program ## three people by command line only, from an empty folder to the month end; ends with one JSON line
	bin/crosswalk journey

test: program ## everything that CI checks; installs what it needs
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

invoke: program here ## EVENT=file: send one sample event to its compiled function, on a local AWS
	bin/crosswalk invoke "$(EVENT)"

clean:
	rm -rf bin .build dist cdk.out data $(CONFORMANCE)/node_modules
