# Two commands do it all on a fresh Debian-like machine with a Rust toolchain:
#   make demo   the main job, on the embedded default: no server, no Docker, no network
#   make test   installs what the tests need into target/tools, then runs every test
.PHONY: demo test interop interop-openfaas bench fuzz lint tools tools-interop schemas help audit

CARGO ?= cargo
export PATH := $(CURDIR)/target/tools/bin:$(PATH)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

demo: ## a vulnerable image is rejected, mended, and accepted
	@$(CARGO) build --quiet --package cli
	@target/debug/faas-validator demo

tools: ## what the tests need: Debian packages, PyPI wheels, Rust targets
	@tools/install

test: tools ## every test
	$(CARGO) test --workspace --locked

tools-interop: tools ## the peers, built from Go modules into target/tools
	@tools/install-interop

interop: tools-interop ## against real cosign, notation and conftest
	$(CARGO) test --workspace --locked --features tests/interop \
	  --test interop_conftest --test interop_cosign --test interop_notation

interop-openfaas: ## the stock faas-cli on PATH against the OpenFaaS at OPENFAAS_URL
	$(CARGO) test --package tests --locked --features interop-openfaas --test interop_openfaas -- --nocapture --test-threads=1

bench: tools ## each promise of speed and size, as a ratio against its floor
	$(CARGO) run --release --locked --package bench
	$(CARGO) bench --package tests --locked --bench function_footprint --profile dev

fuzz: ## each parser of foreign bytes, a minute each (needs nightly and cargo-fuzz)
	@tools/fuzz 60

audit: ## known flaws of our own dependencies (fetches the RustSec database)
	cargo-deny --all-features check advisories

lint: ## fmt, clippy, docs, cargo-deny
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked --features tests/interop -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet
	cargo-deny --all-features --log-level error check bans licenses sources

schemas: ## writes docs/schema anew from the types
	UPDATE_SCHEMAS=1 $(CARGO) test --workspace schema
