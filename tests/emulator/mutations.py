"""Answers that are changed on their way: at random, and in the same way for the same seed."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.wire import Answer

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 1e308, -1e308, float("nan"), float("inf"), 10**30, 253402300800, 2**63,
    -62135596801, "", " ", "Succeeded", "Failed", "Stopped", "Ready", "Baking", "\0", "\x1b[31m", "\ud800",
    "é\u202e", "x" * 5000, "::error::planted", "##vso[task.complete]", "a\nb\r\nc", "2026-13-45T99:99:99Z",
    "../../etc/passwd", "<!--", "%s{0}", [], {}, [None], [[]], [{}], {"": None}, {"status": "Failed"},
    ["Failed"], ["a", "a", "a"],
)  # fmt: skip
"""Values for a member: of other types, beyond every limit, or with a meaning elsewhere."""

_PIECES = (b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"9", b"{", b"[" * 3000, b'"', b"<", b"&x;", b"\r\n")
_LENGTHS = (0, 1, 4, 50, 10**6)
_STATUSES = (
    200, 201, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 405, 409, 412, 429, 499, 500, 501, 503, 599,
)  # fmt: skip
_CODES = (
    "", "#", "ValidationException", "NoSuchKey", "NoSuchBucket", "PermanentRedirect", "\x1b[2J",
    "DeploymentLimitExceededException", "DeploymentDoesNotExistException",
)  # fmt: skip
_HEADERS = {
    "connection": ("close",),
    "content-encoding": ("gzip", "deflate", "zstd"),
    "content-type": ("", "text/html", "application/json; charset=\xff"),
    "date": ("", "Mon, 99 Foo 99999 99:99:99 GMT"),
    "etag": ("", '""', '"', 'W/"a"', "\xe9"),
    "last-modified": ("never", "Mon, 99 Foo 99999 99:99:99 GMT"),
    "location": ("http://127.0.0.1:9/",),
    "retry-after": ("-1",),
    "x-amz-bucket-region": ("mars-1",),
    "x-amz-meta-digest": ("\xff",),
    "x-amz-request-id": ("a" * 9000,),
    "x-amz-storage-class": ("GLACIER",),
    "x-amz-version-id": ("", "null"),
    "x-amzn-errortype": ("\x7f", "ThrottlingException:http://x"),
}


def mutated(answer: Answer, seed: int) -> Answer:
    """The answer with one thing changed: a member, a text of its XML, some bytes, the status or a header."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return chance.choice((_member, _member, _member, _bytes, _status, _header))(answer, chance)


def _member(answer: Answer, chance: random.Random) -> Answer:
    if answer.body.startswith(b"<"):
        return _text(answer, chance)
    try:
        places = list(_places(document := json.loads(answer.body)))
    except ValueError:
        return _header(answer, chance)
    if not places:
        return _bytes(answer, chance)
    holder, key = chance.choice(places)
    kind = chance.random()
    if kind < 0.2:
        del holder[key]
    elif isinstance(holder, list) and kind < 0.4:
        holder.extend(holder * chance.choice((1, 50)))
    else:
        holder[key] = chance.choice(ODD)
    return _with(answer, json.dumps(document).encode())


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: what holds it, and the key or index there."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _text(answer: Answer, chance: random.Random) -> Answer:
    """Something else in one element of XML, escaped or not."""
    found = chance.choice(list(re.finditer(rb">[^<]*<", answer.body)) or [None])
    if found is None:
        return _bytes(answer, chance)
    text = str(chance.choice(ODD)).encode(errors="replace")
    if chance.random() < 0.5:
        text = text.replace(b"<", b"&lt;").replace(b"\0", b"&#0;")
    return _with(answer, answer.body[: found.start() + 1] + text + answer.body[found.end() - 1 :])


def _bytes(answer: Answer, chance: random.Random) -> Answer:
    place = chance.randrange(len(answer.body) + 1)
    end = place + chance.choice(_LENGTHS)
    return _with(answer, answer.body[:place] + chance.choice(_PIECES) + answer.body[end:])


def _status(answer: Answer, chance: random.Random) -> Answer:
    """Another status, half of the time with an error of a code and a message."""
    changed = replace(answer, status=chance.choice(_STATUSES))
    if changed.status in {204, 304}:  # these have no body
        return _with(changed, b"")
    if chance.random() < 0.5:
        return changed
    code, message = chance.choice(_CODES), chance.choice(ODD)
    if answer.body.startswith(b"{"):
        return _with(changed, json.dumps({"__type": code, "message": message}).encode())
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return _with(changed, error.encode(errors="replace"))


def _header(answer: Answer, chance: random.Random) -> Answer:
    changed = _with(answer, answer.body)
    headers = dict(changed.headers)
    if headers and chance.random() < 0.3:
        del headers[chance.choice(sorted(headers))]
    else:
        name = chance.choice(sorted(_HEADERS))
        headers[name] = chance.choice(_HEADERS[name])
    return replace(changed, headers=headers)


def _with(answer: Answer, body: bytes) -> Answer:
    """The answer with another body, whose length the server then tells."""
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
    return replace(answer, body=body, headers=headers)
