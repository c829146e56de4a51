# Two images: `server` is fieldsyncd; `minio` is the MinIO that the tests run against, built from source as pinned in conformance/minio.
#   docker build --target server -t fieldsyncd .
FROM golang:1.26-bookworm AS source
WORKDIR /src

FROM node:20-bookworm AS build-web
WORKDIR /web
COPY client/web ./
RUN npm ci --no-audit --no-fund && npm run build

FROM source AS build-server
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=build-web /web/dist client/web/dist
# automerge is a C library, linked in: the program needs glibc and nothing else.
RUN go build -trimpath -ldflags "-s -w" -o /fieldsyncd ./server/cmd/fieldsyncd

FROM source AS build-minio
COPY conformance/minio ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /minio github.com/minio/minio

FROM debian:bookworm-slim AS base
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/* && \
    useradd --system --create-home --home-dir /data app
USER app
VOLUME /data

FROM base AS minio
COPY --from=build-minio /minio /usr/local/bin/minio
ENTRYPOINT ["minio"]
CMD ["server", "--quiet", "--address", ":9000", "/data"]

FROM base AS server
COPY --from=build-server /fieldsyncd /usr/local/bin/fieldsyncd
ENV FIELDSYNC_DATA=/data FIELDSYNC_LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["fieldsyncd"]
CMD ["serve"]
