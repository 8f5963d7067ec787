"""Point a release's action.yml at its image: `release-action.py IMAGE@sha256:DIGEST <action.yml`.

The metadata on the main branch builds the Dockerfile; the released one has to run exactly the image that was
tested and signed. One line changes, the rest of the text is kept as it is.
"""

from __future__ import annotations

import re
import sys

IMAGE = re.compile(r"[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")
USING = re.compile(r"""^  using: (["']?)docker\1$""", re.MULTILINE)
DOCKERFILE = re.compile(r"""^  image: (["']?)Dockerfile\1$""", re.MULTILINE)


def released(action: str, image: str) -> str:
    """Return the metadata with `image: Dockerfile` replaced by the image.

    Raises `ValueError` for an image that is not lower-case `registry/name@sha256:…`, and for metadata that
    does not build from the Dockerfile exactly once.
    """
    if not IMAGE.fullmatch(image):
        raise ValueError(f"not an image by digest, registry/name@sha256:…: {image!r}")
    if len(USING.findall(action)) != 1:
        raise ValueError("action.yml has no single line `  using: docker`")
    text, count = DOCKERFILE.subn(f"  image: docker://{image}", action)
    if count != 1:
        raise ValueError(f"action.yml says `  image: Dockerfile` {count} times instead of once")
    return text


if __name__ == "__main__":
    try:
        sys.stdout.write(released(sys.stdin.read(), *sys.argv[1:2] or [""]))
    except ValueError as error:
        raise SystemExit(f"release-action: {error}") from None
