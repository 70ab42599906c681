# Every command that people and CI run. What a target needs besides Go is said by the target.

GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT  := mvdan.cc/gofumpt@v0.12.0
VULN     := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# How a program is built that is handed on: static, without paths of the machine, without the documentation of the
# command line library (0.35 MB).
BUILD := -trimpath -buildvcs=false -tags=urfave_cli_no_docs
SYSTEMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: build test race fuzz cross mutants release release-check lint bench bench-targets bench-eccube data schema

build:
	CGO_ENABLED=0 go build $(BUILD) -o sotomi .

# Labs start real servers on loopback. One whose programs are missing is skipped, with SOTOMI_LABS=require it fails.
test:
	go vet ./...
	go test -timeout 40m ./...

# All but the labs, the hostile servers, and seven of eight scans of a signature's server with all signatures. Needs a C
# compiler.
race:
	go test -race -short -shuffle=on -timeout 60m ./...

# Every fuzz target for 20 seconds.
fuzz:
	.ci/fuzz 20s

# Builds and vets, tests included, for every system that a release is for.
cross:
	set -e; for system in $(SYSTEMS); do \
		echo "$$system"; \
		CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/} go build $(BUILD) -o /dev/null .; \
		CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/} go vet $(BUILD) ./...; \
	done

# Changes judging code in small ways and prints the changes that no test notices.
mutants:
	go run ./checks/internal/mutants

# Archives, bills of materials and checksums of the commit, in dist/. Needs git, GNU tar, gzip and zip.
release:
	.ci/release dist

# Two releases of the commit, the second one made from a clone in another folder, are the same, byte for byte.
release-check:
	.ci/release dist
	set -e; clone=$$(mktemp -d); trap "rm -rf $$clone" EXIT; \
	git clone -q . $$clone/again; \
	$$clone/again/.ci/release $$clone/dist; cmp dist/SHA256SUMS $$clone/dist/SHA256SUMS; cd $$clone/dist && sha256sum --check --quiet SHA256SUMS

lint:
	@out=$$(go run $(GOFUMPT) -l .) && if [ -n "$$out" ]; then echo "$$out"; echo "gofumpt: run 'go run $(GOFUMPT) -w .'"; exit 1; fi
	go run $(GOLANGCI) run ./...
	@if curl -sfm 5 -o /dev/null https://vuln.go.dev/index/db.json; then go run $(VULN) ./...; else echo "SKIPPED: govulncheck, its database cannot be reached"; fi

# Speed and memory as ratios in one run on loopback. TEMPLATES names a folder of public templates; without it a set of the
# same shape is made.
bench:
	go test ./scanner/command -run "^$$" -bench Scan -benchtime 1x
	go test ./scanner/signature -run "^$$" -bench LoadEmbedded

# Scans of 1,000, 10,000 and 100,000 hosts on loopback, two thirds of them dead, slow or silent. Takes 20 minutes; Linux only.
bench-targets:
	go test ./scanner/command -run "^$$" -bench Targets -benchtime 1x -timeout 2h

# Every stable release of EC-CUBE served as a shop: ECCUBE2_GIT and ECCUBE_GIT name bare mirrors of EC-CUBE/ec-cube2 and
# EC-CUBE/ec-cube.
bench-eccube:
	go run ./checks/internal/eccubebench -ec-cube2 "$(ECCUBE2_GIT)" -ec-cube "$(ECCUBE_GIT)" $(ECCUBE_FORKS)

# The data that the program carries, each from its source. A clone is bare: git clone --bare ADDRESS.
#   ENDOFLIFE_GIT   https://github.com/endoflife-date/endoflife.date (MIT): last days of lines of releases
#   RETIRE_GIT      https://github.com/RetireJS/retire.js (Apache-2.0): JavaScript libraries and what is known against them
#   WORDPRESS_GIT   https://github.com/johnpbloch/wordpress-core: releases of WordPress
#   BASERCMS_GIT    https://github.com/baserproject/basercms: releases of baserCMS, and so with
#   CONCRETE_GIT    https://github.com/concretecms/concretecms
#   DRUPAL_GIT      https://github.com/drupal/core
#   ZENCART_GIT     https://github.com/zencart/zencart
#   WORDFENCE_GIT   https://github.com/topscoder/nuclei-wordfence-cve: weaknesses (checks/wordpress/NOTICE-weaknesses.md)
#   KEV_GIT         https://github.com/cisagov/kev-data (CC0): which of them are exploited
# checks/internal/endoflife/byhand.txt and signatures/products/weaknesses.txt are kept by hand; they name the pages that they
# stand on.
# signatures/eccube/eccube.db: docs/CONTRIBUTING.md, "Add a release of EC-CUBE".
# DATA_KEY names the private key that signs the bundle of all data (docs/CONTRIBUTING.md, "Add data").
data:
	go run ./checks/internal/endoflifedb -git "$(ENDOFLIFE_GIT)" -to checks/internal/endoflife/dates.txt
	go run ./checks/internal/librarydb -retire "$(RETIRE_GIT)" -kev "$(KEV_GIT)"
	go run ./checks/internal/productdb -basercms "$(BASERCMS_GIT)" -concrete-cms "$(CONCRETE_GIT)" -drupal "$(DRUPAL_GIT)" -zen-cart "$(ZENCART_GIT)"
	go run ./checks/internal/wordpressdb -core "$(WORDPRESS_GIT)" -records "$(WORDFENCE_GIT)" -exploited "$(KEV_GIT)"
	if [ -n "$(DATA_KEY)" ]; then go run ./checks/internal/databundle -key "$(DATA_KEY)" -o dist/sotomi-data.tar.gz; else echo "DATA_KEY names no private key: no bundle for sotomi data import"; fi

# schema.json for editors, from the types.
schema:
	go test ./scanner/signature -run Schema -update
