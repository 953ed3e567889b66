# make help lists what there is. Only Go is needed; node and Chromium make more
# of the tests run.

.DEFAULT_GOAL := help
.PHONY: help generate check test js run bench e2e fuzz screenshots

help: ## list these
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## /{printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

generate: ## make Go of the .templ files
	go tool templ generate

check: ## what has to pass before a change travels
	go vet ./...
	go test -timeout 18m ./...
	$(MAKE) js

test: ## the Go tests
	go test -timeout 18m ./...

js: ## the tests of the browser's modules, where node is there
	@if command -v node >/dev/null; then node --test assets/jstest/*.test.js; else echo "node is not here: the modules' own tests are skipped"; fi

run: ## serve with the sample project
	go run ./cmd/annotate serve --demo

bench: ## the benchmarks behind the README's numbers
	go test -run '^$$' -bench . ./internal/... ./views ./db ./cmd/annotate

e2e: ## one document's life in a real Chromium, and every screen
	ANNOTATE_REQUIRE_CHROMIUM=1 go test -count 1 ./cmd/annotate

fuzz: ## each fuzz target for ten seconds
	@for p in $$(go list ./internal/...); do \
	  for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime 10s $$p || exit 1; done; done

screenshots: ## the README's pictures, into docs/
	mkdir -p docs
	ANNOTATE_REQUIRE_CHROMIUM=1 ANNOTATE_DOCS=$(CURDIR)/docs go test -count 1 -run TestEveryScreenIsAccessible ./cmd/annotate
