#!/bin/sh
# Any machine with Docker: the working folder is deployed with the credentials of this shell. Nothing is
# written to it, and the container has no privilege. Further flags are handed on: `docker-run.sh --timeout 1h`.
# Pin the image by the digest that you verified, …/deployer:1@sha256:…: README.md, Pin and verify.
set -eu

exec docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
  --volume "$PWD:/workspace:ro" --workdir /workspace \
  --env AWS_ACCESS_KEY_ID --env AWS_SECRET_ACCESS_KEY --env AWS_SESSION_TOKEN --env AWS_REGION \
  ghcr.io/codedeploy-deployer/deployer:1 \
  --application hello-web --deployment-group production --bucket my-revisions "$@"
