# `make demo` builds begat, runs the seven flows and shows the catalog; `make test` checks everything.
SHELL := /bin/bash
.DEFAULT_GOAL := demo
TARGET := $(or $(CARGO_TARGET_DIR),target)
BEGAT := $(TARGET)/release/begat
# Apart from the host, so that the host's dependencies are built with the same features for the demo and the tests.
PLUGINS := --workspace --exclude begat

bench: wasm-target ## what runs cost, each beside its physical floor
	cargo bench --locked --bench bench

fuzz-loader: wasm-target ## ten minutes of mutated components
	cargo test --release --locked --test e2e -- --ignored --nocapture ten_minutes_of_mutated_components

hostile: wasm-target ## ten thousand hostile task runs, the catalog verified after each hundred
	cargo test --release --locked --test e2e -- --ignored ten_thousand_hostile_executions

.PHONY: demo test endure bench fuzz lint build dist wasm-target deny clean fuzz-loader hostile

demo: build ## build, run the seven flows, show the catalog
	@BEGAT=$(BEGAT) flows/demo.sh

test: lint ## everything that must hold before a change is taken
	cargo test --release --locked
	cargo test --release --locked $(PLUGINS)

endure: wasm-target ## 200 kills at random moments, a fault at each write and sync, a minute of many processes
	BEGAT_KILLS=200 BEGAT_EVERY=1 BEGAT_SECONDS=60 cargo test --release --locked --test e2e durability

lint: wasm-target ## format and lints
	cargo fmt --all --check
	cargo clippy --release --all-targets --locked -- -D warnings
	cargo clippy --release --all-targets --locked $(PLUGINS) -- -D warnings

build: wasm-target
	cargo build --release --locked

dist: wasm-target ## a release in a folder and an archive: binary, completions, manual pages, bill of materials, checksums
	BEGAT_COMMIT=$$(git describe --always --dirty --abbrev=12) cargo build --release --locked
	.ci/dist $(BEGAT) $(TARGET)/dist/begat-$$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)-$$(rustc -vV | sed -n 's/^host: //p')

wasm-target: ## makes the target that plugins are built for available
	@.ci/wasm32-wasip2

fuzz: ## feeds the languages with random text, each for FUZZ_SECONDS; needs nightly Rust and cargo-fuzz
	host/fuzz/run

deny: ## licences, bans and sources of all dependencies; needs cargo-deny
	cargo deny check licenses bans sources

clean:
	cargo clean
