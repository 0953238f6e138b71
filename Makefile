# A few targets; CI calls only these. Everything is built once, into one folder, with one profile: the examples are part
# of the build so that cargo resolves the same features for the demo, the tests and the benchmarks.

export CARGO_TARGET_DIR ?= $(CURDIR)/target
export VARBERG_BIN ?= $(CARGO_TARGET_DIR)/debug/varberg
PYTHON ?= python3
VENV := $(CURDIR)/.venv
PYTEST := $(VENV)/bin/python -m pytest -c tests/clients/pytest.ini --rootdir tests/clients -p no:cacheprovider tests/clients

.PHONY: help demo build test test-fast test-rest test-all test-rust test-clients lint bench fuzz clean

help: ## what can be done here
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: build ## the whole journey in a minute: a server, a store, an import, three questions
	$(VARBERG_BIN) demo

build:
	cargo build --workspace --bins --examples

test: test-rust test-clients ## everything a newcomer runs: Rust tests, then real clients against the real binary

test-rust:
	cargo test --workspace

test-clients: build $(VENV)/.installed
	$(PYTEST)

test-fast: ## Rust tests only: under a minute after an edit
	cargo test --workspace --quiet

test-rest: build $(VENV)/.installed ## what test leaves out: real files in full, random kills; needs bcftools and ../shared for all of it
	@if command -v java >/dev/null; then $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/clients/requirements-spark.txt; \
	else echo "test-rest: Java is not installed: Spark is not tested"; fi
	VARBERG_FULL=1 $(PYTEST) -m "slow or full"

test-all: test test-rest ## everything there is

lint: ## format, clippy (fuzz targets too), licences and advisories of dependencies
	cargo fmt --all --check
	cargo fmt --check --manifest-path tests/clients/sdk_rust/Cargo.toml
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --locked --manifest-path fuzz/Cargo.toml -- -D warnings
	@if ! cargo deny --version >/dev/null 2>&1; then \
		echo "lint: cargo-deny is not installed: licences and advisories were not checked (cargo install --locked cargo-deny)"; exit 0; \
	fi; \
	cargo deny check bans licenses sources || exit 1; \
	found=$$(cargo deny check advisories 2>&1) && { echo "$$found" | tail -1; exit 0; }; \
	case "$$found" in \
		*"failed to fetch advisory database"*) echo "lint: the advisory database cannot be reached: advisories were not checked";; \
		*) echo "$$found"; exit 1;; \
	esac

bench: build $(VENV)/.installed ## imports, joins and questions to cohorts, side by side with other systems, and signed clients; see bench/RESULTS.md
	$(VENV)/bin/python -m pip install --quiet -r bench/requirements.txt
	$(VENV)/bin/python bench/single_sample.py
	$(VENV)/bin/python bench/import.py
	$(VENV)/bin/python bench/delimited.py
	$(VENV)/bin/python bench/interval_join.py
	$(VENV)/bin/python bench/load.py
	$(VENV)/bin/python bench/cohort_import.py
	$(VENV)/bin/python bench/cohort_queries.py
	$(VENV)/bin/python bench/small_statements.py
	$(VENV)/bin/python bench/analytical.py
	$(VENV)/bin/python bench/cohort_scaling.py
	$(VENV)/bin/python bench/many_samples.py

fuzz: ## runs a fuzz target: make fuzz TARGET=record SECONDS=600; see fuzz/README.md
	fuzz/run $(TARGET) $(or $(SECONDS),600)

$(VENV)/.installed: tests/clients/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
	touch $@

clean: ## removes what was built here
	rm -rf target $(VENV) demo-data
