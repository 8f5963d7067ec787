#!/bin/bash
# The deployment succeeds when the page is really served.
set -euo pipefail

url=http://127.0.0.1:${HELLO_WEB_PORT:-8080}
for _ in {1..30}; do
  if python3 -I -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' "$url/health" \
    2>/dev/null; then
    echo "$url answers"
    exit 0
  fi
  sleep 1
done
echo "$url does not answer; the server's log ends with:" >&2
tail -20 /var/log/hello-web.log >&2
exit 1
