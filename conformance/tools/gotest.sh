#!/usr/bin/env bash
# Runs `go test` with arguments through gotestsum and ends with one plain line: N passed, N failed.
#
#   gotest.sh GOTESTSUM PACKAGES...
#
# Three packages at a time: on two cores the long ones mostly wait, for slow links and for servers. A package that does not compile, or that ends without a verdict, counts as one failure. The exit code is the tests'.
set -euo pipefail

gotestsum=$1
shift
events=$(mktemp)
trap 'rm -f "$events"' EXIT

status=0
"$gotestsum" --format standard-quiet --hide-summary skipped --jsonfile "$events" -- -p 3 -timeout 15m "$@" || status=$?

count() { grep -cE "$1" "$events" || true; }
passed=$(count '"Action":"pass".*"Test":')
failed=$(count '"Action":"fail".*"Test":')
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
	failed=$(count '"Action":"fail"')
	[ "$failed" -gt 0 ] || failed=1
fi
echo "$passed passed, $failed failed"
exit "$status"
