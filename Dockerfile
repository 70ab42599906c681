# One static program, without a shell, for a user without rights on a read-only file system: see docs/install.md.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH VERSION
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -tags=urfave_cli_no_docs \
    -ldflags "-s -w -buildid= ${VERSION:+-X sotomi/scanner/web.Version=$VERSION}" -o /sotomi .

# The same beside a shell, for pipelines that run their jobs inside the image: docker build --target shell
FROM busybox:1.37 AS shell
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /sotomi /bin/sotomi
USER 65532:65532
WORKDIR /work

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /sotomi /sotomi
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/sotomi"]
