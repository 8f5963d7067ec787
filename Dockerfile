# The base is an argument so that a build without a registry can put another one in:
#   docker build --build-arg BASE=python:3.13-slim .
# It has to be Debian's or the official image's Python 3.13, with pip.
ARG BASE=docker.io/library/python:3.13-slim@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285

FROM ${BASE} AS build
COPY requirements.txt .ci/trim-packages.py /build/
# A virtual environment without pip of its own: Debian's Python and the official image keep packages in
# different folders, a virtual environment is the same in both.
RUN python3 -m venv --without-pip /opt/deployer/venv \
    && python3 -m pip --python /opt/deployer/venv/bin/python install --quiet --no-cache-dir --no-compile \
        --disable-pip-version-check --root-user-action ignore \
        --require-hashes --no-deps --only-binary :all: --requirement /build/requirements.txt \
    && python3 /build/trim-packages.py /opt/deployer/venv/lib/python3.13/site-packages
COPY entrypoint.py /opt/deployer/
COPY deployer /opt/deployer/deployer
COPY .ci/deployer /usr/local/bin/
COPY .ci/assemble.py /build/
RUN python3 -I /build/assemble.py /image

# Nothing of the base but what is used. Its shells and tools, not BusyBox: bash and dash check the syntax of
# hook scripts, so both are there anyway, and this way nothing comes from a package index that no digest pins.
FROM scratch
LABEL org.opencontainers.image.title="deployer" \
      org.opencontainers.image.description="Package, upload, register, deploy and watch an AWS CodeDeploy deployment from CI" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Two layers: the first stays as it is until the base changes.
COPY --from=build /image/system/ /
COPY --from=build /image/product/ /
# -I: neither the workspace nor the environment can put a module before ours. No USER: a CI's workspace and
# command files belong to a uid that only the CI knows; the program needs no privilege and writes only to /tmp.
ENTRYPOINT ["/opt/deployer/venv/bin/python", "-I", "-u", "/opt/deployer/entrypoint.py"]
