# What a developer types; `make` alone lists it.

CARGO ?= cargo
# Where cargo builds to.
TARGET := $(or $(CARGO_TARGET_DIR),target)
TESTKIT := $(TARGET)/debug/testkit
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)
RUN_TESTS := $(if $(NEXTEST),$(CARGO) nextest run,$(CARGO) test --lib --bins --tests)

# Which servers testkit starts.
SERVERS := $(if $(DATABASE),--database $(DATABASE)) $(if $(BROKER),--broker $(BROKER))
# Debian suites that these come from, when they are not this machine's.
SUITES := $(if $(filter mysql,$(DATABASE))$(filter 4 cluster,$(BROKER))$(filter 3,$(NODES)),sid) \
	$(if $(filter mariadb-11.8,$(DATABASE))$(filter 4.0,$(BROKER)),trixie)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo chaos conformance fuzz test screenshots matrix bench bench-growth instructions lint lint-all fmt doc services build doctest

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Private RabbitMQ and MariaDB are started for demo and test, and removed afterwards."
	@echo "  Set AMQP_URL and DATABASE_URL to use servers that run already; DATABASE=mysql BROKER=4 (testkit run --help)"
	@echo "  chooses other versions, which are installed in a folder of their own (scripts/install-other-servers)."

# What the demo plays, and nothing else. All of the workspace's crates have the same features here, so that a test builds no
# dependency again.
PLAYED := demo ingress ops shop simulator testkit worker

demo: services ## the whole pipeline on this machine in a minute; KEEP=1 leaves it running
	@test -d $(TARGET)/debug/deps || echo "demo: the first build downloads and compiles some 300 crates: 2 to 5 minutes on 2 cores, longer on a busy machine or a slow line; later ones take seconds"
	$(CARGO) build $(PLAYED:%=-p %) --bins
	@$(TESTKIT) run $(SERVERS) $(if $(KEEP),--keep --untold) -- $(TARGET)/debug/demo $(if $(KEEP),--keep)

chaos: services build ## breaks parts under load and checks that nothing is lost; SEED=7 FAULTS=40 ORDERS=2000, NODES=3 (a cluster), SHARDS=4 (work queues), or OUTAGE=broker FOR=10m
	$(if $(DATABASE),TESTKIT_DATABASE=$(DATABASE)) $(if $(BROKER),TESTKIT_BROKER=$(BROKER)) $(TARGET)/debug/chaos $(if $(NODES),--nodes $(NODES)) $(if $(SHARDS),--shards $(SHARDS)) $(if $(SEED),--seed $(SEED)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(ORDERS),--orders $(ORDERS)) $(if $(OUTAGE),--outage $(OUTAGE) --for $(or $(FOR),10m))

# The languages whose snippets (examples/integration) are run; one that is not named here is left out where it cannot be installed.
# The console is tried in Chromium where that can be installed; BROWSER_TESTS=yes fails where it cannot.
test matrix: BROWSER = yes

test matrix: LANGUAGES = $(or $(SNIPPETS),php java node)

test: services lint build doctest ## format, lints and every test; TESTS="-p worker" for some, CLOCK=+400d on another day, SNIPPETS="php node" or none
	$(TESTKIT) run $(SERVERS) $(if $(CLOCK),--clock=$(CLOCK)) -- $(RUN_TESTS) $(or $(TESTS),--workspace)

screenshots: BROWSER = pictures
screenshots: services build ## the pictures of the console in docs/images, in Chromium
	$(TESTKIT) run $(SERVERS) -- $(CARGO) test --workspace --test chromium -- --ignored

matrix: services ## every test on MySQL 9, MariaDB 11.8, RabbitMQ 4 and a cluster beside the default servers; PAIRS="mysql:4", WRITE=1 for docs
	CARGO="$(CARGO)" TESTS="$(TESTS)" scripts/matrix $(if $(WRITE),--write) $(PAIRS)

conformance: services build ## the simulator against Alipay's official Node and Python SDKs
	conformance/run

fuzz: services ## random input against what must hold for every input, a minute each; FOR=60 TARGETS="form differential"
	FOR=$(or $(FOR),60) fuzz/run $(TARGETS)

# The programs that are measured, and what starts them. The others would be linked for minutes.
MEASURED := bench ingress ops testkit worker

bench: BASELINES = yes
bench: services ## ceilings, a PHP and a Node handler, and our programs side by side, in a release build; ROUNDS=3
	$(CARGO) build --release $(MEASURED:%=-p %) --bins
	$(TARGET)/release/testkit run $(SERVERS) -- $(TARGET)/release/bench $(if $(ROUNDS),--rounds $(ROUNDS))

bench-growth: services ## what a notification costs behind a million orders, the audit of these, and how fast old rows go; ORDERS=1000000
	$(CARGO) build --release $(MEASURED:%=-p %) --bins
	$(TARGET)/release/testkit run $(SERVERS) -- $(TARGET)/release/bench growth $(if $(ORDERS),--orders $(ORDERS))

instructions: services ## instructions of the pure parts (form, signature, order state) under valgrind, against committed limits
	bench/pure/run

# Small tools that `cargo install` builds where they are missing: half a minute, once. cargo-deny takes two minutes: only lint-all installs it.
lint test: LINT_TOOLS = cargo-machete
lint-all: LINT_TOOLS = cargo-machete cargo-deny

lint: services ## formatting, clippy and documentation, warnings denied; dependencies that nobody uses, or that deny.toml forbids
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps
	@CARGO="$(CARGO)" scripts/lint-dependencies
	@scripts/lint-alerts

lint-all: lint ## the same, and installs cargo-deny for it

fmt: ## format everything
	$(CARGO) fmt --all

doc: services ## the crates' documentation, in target/doc
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

services:
	@BASELINES="$(BASELINES)" SNIPPETS="$(LANGUAGES)" BROWSER="$(BROWSER)" LINT_TOOLS="$(LINT_TOOLS)" scripts/install-services
	@$(if $(BROWSER),scripts/fetch-axe,true)
	@$(if $(strip $(SUITES)),scripts/install-other-servers $(SUITES),true)

build: services
	$(CARGO) build --workspace --bins

doctest: services
	$(CARGO) test --quiet --doc --workspace
