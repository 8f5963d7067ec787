#!/bin/bash
# Fail here, before anything is started, when the server could not be.
set -euo pipefail

cd /opt/hello-web
echo "installed $(find . -type f | wc -l) files"
python3 -I -c 'compile(open("server.py").read(), "server.py", "exec")'
