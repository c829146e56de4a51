#!/bin/sh
# Builds versitygw, the second S3 server that the tests run against, once, as ../minio/install.sh does and with its arguments.
# VERSITYGW_BIN names a program to use instead. It takes about 2 minutes on 2 cores.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
export S3_SERVER_FOLDER="$here" S3_SERVER_MODULE=github.com/versity/versitygw S3_SERVER_PACKAGE=github.com/versity/versitygw/cmd/versitygw
export S3_SERVER_BIN="${VERSITYGW_BIN:-}"
exec sh "$here/../minio/install.sh" "$@"
