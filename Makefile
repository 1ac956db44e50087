# Firecrest — the commands of this repository; `make help` lists them
# SPDX-License-Identifier: Apache-2.0

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# Where `make run` listens, and what else `firecrest demo` is told: make run PORT=8080 ARGS="--loops 2"
PORT ?= 4000
ARGS ?=

# How long `make soak` goes on, and in how many worker processes; 0 is one process without workers.
MINUTES ?= 30
WORKERS ?= 4

# How long `make fuzz` runs each target, and which ones; none means all.
RUNS ?= 1000000
TARGETS ?=

# The Swift libraries are linked in, so that the binary runs on a machine that has no Swift.
RELEASE := -c release --product firecrest --static-swift-stdlib
BINARY := .build/release/firecrest

.PHONY: help run test build autobahn attacks soak soak-selftest fuzz fuzz-selftest bench bench-check bench-selftest sanitize-thread sanitize-address format lint clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Builds the server and serves the demo on http://127.0.0.1:4000 (PORT=…, ARGS=…)
	@exec $(BINARY) demo --port $(PORT) $(ARGS)

build: ## Builds the server for release, as .build/release/firecrest
	@scripts/setup run
	@[ -x $(BINARY) ] || echo "building for the first time: about six minutes on two cores"
	@swift build $(RELEASE)

test: ## Everything: layout, imports, build, tests, other people's clients and suites, rows covered
	@scripts/test

autobahn: build ## All 517 cases of the Autobahn Testsuite against the release build, about 15 minutes
	@scripts/setup autobahn
	@scripts/check-linkage $(BINARY)
	@Interop/autobahn/run --cases all --require --binary $(BINARY)

attacks: build ## Floods, crumbs and clients that do not read, by the million, against the release build, about 3 minutes
	@ulimit -S -n "$$(ulimit -H -n)"; scripts/load-attacks --firecrest $(BINARY)

soak: build ## Load, churn, kills, garbage, jumping clocks for MINUTES=30 with WORKERS=4 against the release build
	@scripts/setup soak
	@scripts/soak --firecrest $(BINARY) --minutes $(MINUTES) --workers $(WORKERS)

soak-selftest: build ## Plants what the soak has to find, and expects each to be found
	@scripts/soak --firecrest $(BINARY) --self-test

# No backtraces: Swift's runtime makes them in a clone of the trapped process, which the sanitizer takes for its own mistake.
sanitize-thread: ## The tests under the thread sanitizer, in a build folder of their own
	@scripts/setup run
	@ulimit -S -n "$$(ulimit -H -n)"; TSAN_OPTIONS="halt_on_error=0:exitcode=66:suppressions=$(CURDIR)/scripts/thread-sanitizer-suppressions.txt" FIRECREST_SANITIZER=thread SWIFT_BACKTRACE=enable=no \
	    swift test --sanitize=thread --scratch-path .build-thread --disable-xctest

# Leaks are not looked for: the detector does not find pointers that Swift keeps tagged, and reports what is in use.
sanitize-address: ## The tests under the address sanitizer, in a build folder of their own
	@scripts/setup run
	@ulimit -S -n "$$(ulimit -H -n)"; ASAN_OPTIONS=detect_leaks=0 FIRECREST_SANITIZER=address \
	    swift test --sanitize=address --scratch-path .build-address --disable-xctest

fuzz: ## A million executions of each fuzz target, with coverage; RUNS=… TARGETS="json v2"
	@scripts/setup run
	@scripts/fuzz --runs $(RUNS) $(TARGETS)

fuzz-selftest: ## Plants mistakes in the fuzz targets and expects each to be found
	@scripts/setup run
	@scripts/fuzz --self-test

bench: ## Benchmarks with CPU times: codec, envelope, broadcasts, echoes; see Benchmarks/README.md
	@scripts/setup bench
	@scripts/bench-check --times

bench-check: ## Bytes, allocations and instructions against the limits of Benchmarks/thresholds.txt
	@scripts/setup bench
	@scripts/bench-check

bench-selftest: ## Plants wasteful code in a benchmark and expects bench-check to find it
	@scripts/setup bench
	@scripts/bench-check --self-test

format: ## Formats the Swift sources
	@scripts/format

lint: ## Checks layout, style rules, imports, headers and tracked files; changes nothing
	@scripts/format --check
	@scripts/check-imports

clean: ## Removes what builds and tests leave; .tools/ stays (remove it by hand to install the tools anew)
	rm -rf .build .build-* Examples/*/.build
