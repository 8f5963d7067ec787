#!/bin/bash
# The agent waits until nobody holds its streams, so a background process must not inherit them.
set -euo pipefail

setsid setpriv --reuid=hello-web --regid=hello-web --clear-groups \
  python3 -I /opt/hello-web/server.py "${HELLO_WEB_PORT:-8080}" \
  </dev/null >/var/log/hello-web.log 2>&1 &
echo $! >/run/hello-web.pid
