#!/bin/sh
# Builds the MinIO server that the tests run against, once, into a cache outside the tree, and prints the program's path.
# ../versitygw/install.sh has it build another server: S3_SERVER_FOLDER is where its go.mod is, S3_SERVER_MODULE, _PACKAGE and _BIN say what.
#
#   install.sh           build it if it is not there yet, print its path
#   install.sh --where   only print the path, whether or not it is there
#
# MINIO_BIN        a MinIO program to use instead; nothing is built then
# FIELDSYNC_CACHE  the cache's folder (default: ${XDG_CACHE_HOME:-$HOME/.cache}/fieldsync)
#
# The path is on stdout, everything else on stderr. The program appears under its name only when it is whole. Callers at
# the same time share one build: the first one builds, the others wait for it.
set -eu

say() { printf '%s\n' "$*" >&2; }

here=${S3_SERVER_FOLDER:-$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)}
module=${S3_SERVER_MODULE:-github.com/minio/minio}
package=${S3_SERVER_PACKAGE:-$module}
given=${S3_SERVER_BIN-${MINIO_BIN:-}}
name=${module##*/}

if [ -n "$given" ]; then
	if [ "${1:-}" != --where ] && [ ! -x "$given" ]; then
		say "$given, which shall be used as $name, is not a program"
		exit 1
	fi
	printf '%s\n' "$given"
	exit 0
fi

cd "$here"

version=$(sed -n "s|^require $module \\([^ ]*\\).*|\\1|p" go.mod)
if [ -z "$version" ]; then
	say "$here/go.mod does not say which $name to build"
	exit 1
fi
# shellcheck disable=SC2046 # three words without blanks
set -- "${1:-}" $(go env GOOS GOARCH GOVERSION)
cache=${FIELDSYNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fieldsync}
program=$cache/$name-$version-$2-$3-$4

if [ "$1" = --where ] || [ -x "$program" ]; then
	printf '%s\n' "$program"
	exit 0
fi

mkdir -p "$cache"
lock=$program.lock
waited=0
# A folder is made by exactly one caller. Its owner's process id stands in it, so that a build that was killed does not
# leave everybody else waiting.
until mkdir "$lock" 2>/dev/null; do
	if [ $waited = 0 ]; then
		say "another process builds $name; waiting for it"
	fi
	waited=$((waited + 1))
	owner=$(cat "$lock/pid" 2>/dev/null || true)
	# No id after some seconds: its owner was killed between two lines of this script.
	if [ -z "$owner" ] && [ $waited -gt 10 ] || [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
		rm -rf "$lock"
		continue
	fi
	sleep 1
	if [ -x "$program" ]; then
		printf '%s\n' "$program"
		exit 0
	fi
done
echo $$ >"$lock/pid"
partial=$program.partial.$$
trap 'rm -rf "$lock" "$partial"' EXIT
trap 'exit 1' HUP INT TERM

if [ ! -x "$program" ]; then
	say "building $name once, some minutes on 2 cores (it is kept as $program)"
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$partial" "$package" >&2
	mv "$partial" "$program"
	say "$name is built"
fi
printf '%s\n' "$program"
