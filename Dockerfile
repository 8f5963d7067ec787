# The base is an argument so that a build without a registry can put another one in:
#   docker build --build-arg BASE=python:3.13-slim .
# It has to be Debian's or the official image's Python 3.13, with pip in the first stage only.
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
COPY .ci/deployer /image/usr/local/bin/
# Byte code is never checked against its source: nothing in the image changes, and no write is ever tried. Of the
# packages only the byte code stays: their frames in a traceback keep file, line and function.
RUN find /opt/deployer -name __pycache__ -prune -exec rm -r {} + \
    && /opt/deployer/venv/bin/python -I -m compileall -q --invalidation-mode unchecked-hash \
        /opt/deployer/entrypoint.py /opt/deployer/deployer \
    && /opt/deployer/venv/bin/python -I -m compileall -q -b --invalidation-mode unchecked-hash /opt/deployer/venv/lib \
    && find /opt/deployer/venv -name '*.py' -delete \
    && mkdir /image/opt && mv /opt/deployer /image/opt/

FROM ${BASE}
LABEL org.opencontainers.image.title="deployer" \
      org.opencontainers.image.description="Package, upload, register, deploy and watch an AWS CodeDeploy deployment from CI" \
      org.opencontainers.image.licenses="MIT"
# The base's installers have no use here.
RUN python3 -I -c "import ensurepip, pathlib, pip, shutil; \
[shutil.rmtree(pathlib.Path(module.__file__).parent) for module in (ensurepip, pip)]" \
    && rm -f /usr/bin/pip* /usr/local/bin/pip*
COPY --from=build /image/ /
# -I: neither the workspace nor the environment can put a module before ours. No USER: a CI's workspace and
# command files belong to a uid that only the CI knows; the program needs no privilege and writes only to /tmp.
ENTRYPOINT ["/opt/deployer/venv/bin/python", "-I", "-u", "/opt/deployer/entrypoint.py"]
