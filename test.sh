#!/usr/bin/env bash
# Builds everything and runs every test. Installs the Debian packages that tests talk to when they are missing and this is root.
# Usage: ./test.sh [--quick]   (--quick leaves out the whole-process tests)
set -uo pipefail
cd "$(dirname "$0")"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
quick=${1:-}

need() { # command package
  command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
missing=""
PATH="$PATH:/usr/sbin"
need nginx nginx
need haproxy haproxy
need promtool prometheus
need curl curl
need node nodejs
need npm npm
need openssl openssl
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing:$missing"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } >/tmp/blaze-apt.log 2>&1 \
      || { echo "could not install$missing; the tests that need them are skipped"; tail -n 3 /tmp/blaze-apt.log; }
  else
    echo "missing:$missing; the tests that need them are skipped"
  fi
fi

dotnet restore --locked-mode -v q || { echo "restore failed"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
dotnet build --no-restore -v q -nologo || { echo "build failed"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }

suites="Gateway.Policies.Tests Gateway.Profiling.Tests Gateway.Tests"
[ "$quick" = "--quick" ] || suites="$suites Gateway.EndToEnd"
passed=0 failed=0 skipped=0 broken=""
for suite in $suites; do
  log=$(mktemp) logs=$(mktemp)
  echo "== $suite"
  # Gateways in the tests' own process log to stderr; among their thousands of lines nobody finds the test that failed.
  dotnet "tests/$suite/bin/Debug/net10.0/$suite.dll" -noLogo -noColor 2>"$logs" | tee "$log" | grep -vE '^ *(Discover|Starting|Finished)' || true
  broken="$broken$(grep -E '\[FAIL\]$' "$log" | sed "s/^ */$suite: /")"$'\n'
  line=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+' "$log" | tail -n 1)
  if [ -z "$line" ]; then
    echo "$suite ended without a result; the end of its log:"
    tail -n 20 "$logs" | cut -c 1-400
    failed=$((failed + 1))
    rm -f "$log" "$logs"
    continue
  fi
  count() { echo "$line" | sed -E "s/.*$1: ([0-9]+).*/\1/"; }
  total=$(count Total) errors=$(count Errors) fails=$(count Failed) skips=$(count Skipped)
  # The long forms are part of the total but run only when asked for.
  long=$(echo "$line" | sed -nE 's/.*Not Run: ([0-9]+).*/\1/p')
  failed=$((failed + fails + errors))
  skipped=$((skipped + skips))
  passed=$((passed + total - fails - skips - ${long:-0}))
  rm -f "$log" "$logs"
done

[ "$failed" = 0 ] || echo "$broken" | grep .
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
