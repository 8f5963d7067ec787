#!/bin/bash
# Runs from the previous revision. Stopping what does not run is no failure.
set -euo pipefail

pid_file=/run/hello-web.pid
if [[ -f $pid_file ]]; then
  kill "$(<"$pid_file")" 2>/dev/null || true
  rm -f "$pid_file"
fi
