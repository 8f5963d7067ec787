#!/bin/bash
# The account that the server runs as, and no file of an older revision.
set -euo pipefail

id hello-web >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin hello-web
rm -rf /opt/hello-web
