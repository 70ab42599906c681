# Every command that people and CI run. What a target needs besides Go is said by the target.

GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT  := mvdan.cc/gofumpt@v0.12.0
VULN     := golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: build test race lint bench bench-eccube schema

build:
	go build -o sotomi .

# Labs start real servers on loopback; those whose programs are missing are skipped, unless SOTOMI_LABS=require.
test:
	go vet ./...
	go test -timeout 40m ./...

race:
	go test -race -shuffle=on -timeout 60m ./scanner/... ./checks/...

lint:
	@out=$$(go run $(GOFUMPT) -l .) && if [ -n "$$out" ]; then echo "$$out"; echo "gofumpt: run 'go run $(GOFUMPT) -w .'"; exit 1; fi
	go run $(GOLANGCI) run ./...
	@if curl -sfm 5 -o /dev/null https://vuln.go.dev/index/db.json; then go run $(VULN) ./...; else echo "SKIPPED: govulncheck, its database cannot be reached"; fi

# Speed and memory as ratios in one run on loopback. TEMPLATES names a folder of public templates; without it a set of the
# same shape is made.
bench:
	go test ./scanner/command -run "^$$" -bench Scan -benchtime 1x
	go test ./scanner/signature -run "^$$" -bench LoadEmbedded

# Every stable release of EC-CUBE served as a shop: ECCUBE2_GIT and ECCUBE_GIT name bare mirrors of EC-CUBE/ec-cube2 and
# EC-CUBE/ec-cube.
bench-eccube:
	go run ./checks/internal/eccubebench -ec-cube2 "$(ECCUBE2_GIT)" -ec-cube "$(ECCUBE_GIT)"

# schema.json for editors, from the types.
schema:
	go test ./scanner/signature -run Schema -update
