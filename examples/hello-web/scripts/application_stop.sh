#!/bin/bash
# Runs from the previous revision. Stopping what does not run is no failure.
set -euo pipefail

pid_file=/run/hello-web.pid
[[ -f $pid_file ]] || exit 0
pid=$(<"$pid_file")
kill "$pid" 2>/dev/null || true
while kill -0 "$pid" 2>/dev/null; do
  sleep 0.2 # the port is free once the process is gone; the hook's own timeout ends a wait in vain
done
rm -f "$pid_file"
