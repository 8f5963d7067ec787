"""Secrets → asterisks, in whatever is written: the last layer under the log and the files.

A secret is known by its value, however it is spelled: as it is, quoted by `repr`, JSON, HTML, a URL or a
CI's dialect, in hexadecimal, as part of something in base64 (of UTF-16 too, as PowerShell has it), and broken
into lines.
"""

from __future__ import annotations

import html
import io
import re
from base64 import b64encode
from typing import TYPE_CHECKING, TextIO
from urllib.parse import parse_qsl, quote, unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_VARIABLES = (
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "BITBUCKET_STEP_OIDC_TOKEN",
    "BUILDKITE_AGENT_ACCESS_TOKEN",
    "CIRCLE_OIDC_TOKEN",
    "CIRCLE_OIDC_TOKEN_V2",
    "CI_JOB_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_OIDC_TOKEN",
    "SYSTEM_ACCESSTOKEN",
)
"""Variables whose values are secrets."""

_URLS = re.compile(
    r"AWS_ENDPOINT_URL\w*|AWS_CONTAINER_CREDENTIALS_FULL_URI|ACTIONS_ID_TOKEN_REQUEST_URL|DOCKER_HOST|\w+_PROXY",
    re.IGNORECASE,
)
"""Variables whose values are URLs, which may hold a password or a key."""

SHORTEST = 8
"""Characters of a secret. AWS's have at least 16, by IAM's API; a shorter one is a stand-in's, `test` say,
which other words hold. In a URL, a shorter one is known by what stands beside it."""

_HEAD = 20
"""Characters by which a secret is known that something has cut short."""

_TOKEN = re.compile(r"(?:[\w+/=.~%-]|&(?:amp;)?#?\w{1,6};|\|(?=0x)|\\{1,2}(?=[\w+/=.~-]))*")
"""The characters of keys and tokens, in any spelling, and never half of an escape: anybody can begin a
text as tokens begin, and must not change what follows."""

_LONG = re.compile(r"[\w+/=.~-]{32,}", re.ASCII)
"""A secret that nobody can have written: each piece of it is known for what it is, too."""

_PIECE = 12
"""Characters of the shortest piece, which no other text holds by chance."""

_RUN = re.compile(rf"[\w+/=.~-]{{{_PIECE},}}", re.ASCII)

_SCHEME = re.compile(r"^(?:[\w+.-]+:)?//")

_HIDDEN = "***"


def _secrets_of_url(user: str, query: str) -> Iterator[str]:
    """Yield user information and query values of a URL, which is malformed if a password holds `/` or `#`."""
    name, colon, password = user.partition(":")
    secret = password if colon else name
    yield from (user, secret, unquote(secret), *re.split(r"[/?#]", user))
    for _, value in parse_qsl(query):
        yield value


def _short_in_url(user: str, query: str) -> Iterator[str]:
    """Yield patterns for the same values, however short, when preceded by their user or name."""
    ends, before_host = r"(?!\w)", f"(?={_spellings('@')})"
    for part in dict.fromkeys([user, unquote(user), re.split(r"[/?#]", user)[0]] if user else []):
        name, _, password = part.partition(":")
        yield f"{_spelled(part)}{ends if name and password else before_host}"
        yield _spelled(f"Basic {b64encode(part.encode(errors='surrogatepass')).decode()}")
    for pair in re.split("[&;]", query):
        for part in {pair, unquote_plus(pair)} if all(pair.partition("=")) else ():
            yield f"{_spelled(part)}{ends}"


class Redactor:
    """Knows the secrets of an environment, and those that it learns, and hides them in texts."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._patterns: dict[str, None] = {}
        self._pieces: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for name, value in environ.items():
            if name in _VARIABLES:
                self.learn(value)
            elif _URLS.fullmatch(name):
                self._learn_url(value)

    def learn(self, secret: str) -> None:
        """Hide this text, too, from here on; of several lines each."""
        for line in secret.splitlines():
            if len(text := line.strip()) >= SHORTEST:
                spelled = [text, *_encoded(text)]
                self._add(map(_spelled, spelled))
                if _LONG.fullmatch(text):
                    for each in (text, *_in_base64(text.encode())):
                        self._pieces.update(_pieces(each))

    def _learn_url(self, url: str) -> None:
        """Hide what a URL, with a scheme or without one, holds of secrets."""
        user, _, address = _SCHEME.sub("", url).rpartition("@")
        query = address.partition("?")[2]
        for secret in _secrets_of_url(user, query):
            self.learn(secret)
        self._add(_short_in_url(user, query))

    def _add(self, patterns: Iterable[str]) -> None:
        self._patterns |= dict.fromkeys(patterns)
        self._pattern = None

    def redact(self, text: str) -> str:
        """Return the text with asterisks in place of each secret."""
        if self._pattern is None:
            longest_first = sorted(self._patterns, key=len, reverse=True)
            self._pattern = re.compile("|".join(longest_first) or r"(?!)")
        return _RUN.sub(self._without_pieces, self._pattern.sub(_HIDDEN, text))

    def _without_pieces(self, run: re.Match[str]) -> str:
        """Return the run without what something has left of a secret as it broke it into lines."""
        text = run[0]
        found = [start for start, piece in enumerate(_pieces(text)) if piece in self._pieces]
        if not found:
            return text
        hidden = {position for start in found for position in range(start, start + _PIECE)}
        marked = ("\0" if position in hidden else char for position, char in enumerate(text))
        return re.sub("\0+", _HIDDEN, "".join(marked))


def _spelled(secret: str) -> str:
    """Return a pattern for the secret in any spelling, whole or truncated."""
    head = "".join(map(_spellings, secret[:_HEAD]))
    if len(secret) <= _HEAD:
        return head
    if _TOKEN.fullmatch(secret):
        return f"{head}{_TOKEN.pattern}"
    rest = "".join(map(_spellings, secret[_HEAD:]))
    return f"{head}(?:{rest}|{_TOKEN.pattern})"


def _spellings(char: str) -> str:
    """Return a pattern for one character: itself, or as URLs, HTML, programs and CIs write it."""
    if char.isascii() and char.isalnum():
        return char
    code, url = ord(char), quote(char, safe="", errors="surrogatepass")
    ways = {
        char, html.escape(char), f"&#{code};", f"&#x{code:x};", url, url.lower(), url.replace("%", "%25"),
        "'\"'\"'" if char == "'" else char, f"\\{char}", f"\\\\{char}",
        f"|0x{code:04x}", f"\\x{code:02x}", f"\\u{code:04x}",
    }  # fmt: skip
    ways |= {spell(way) for way in ways for spell in _DIALECTS}
    return f"(?:{'|'.join(re.escape(way) for way in sorted(ways, key=len, reverse=True))})"


_DIALECTS: tuple[Callable[[str], str], ...] = (
    html.escape,  # the summary and JUnit
    lambda text: text.replace("'", "'\"'\"'"),  # a shell's
    lambda text: text.replace("%", "%25").replace(":", "%3A").replace(",", "%2C"),  # GitHub's
    lambda text: text.replace("%", "%AZP25").replace(";", "%3B").replace("]", "%5D"),  # Azure's
    lambda text: re.sub(r"[|'\[\]]", r"|\g<0>", text),  # TeamCity's
)
"""The escaping of CIs and files, which comes on top of how a program has spelled a text."""


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + _PIECE] for start in range(len(text) - _PIECE + 1))


def _encoded(secret: str) -> Iterator[str]:
    """Yield what the secret becomes in hexadecimal, and wherever it occurs in text that is in base64."""
    raw = secret.encode(errors="surrogatepass")
    yield from (raw.hex(), raw.hex().upper())
    yield from _in_base64(raw)
    yield from _in_base64(secret.encode("utf-16-le", errors="surrogatepass"))


def _in_base64(raw: bytes) -> Iterator[str]:
    """Yield the part that stays the same wherever the bytes occur."""
    for before in range(3):
        encoded = b64encode(bytes(before) + raw).decode()
        whole = encoded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
        if len(whole) >= SHORTEST:
            yield from {whole, whole.replace("+", "-").replace("/", "_")}


class RedactedStream(io.TextIOBase):
    """A stream that hides secrets, and that nobody has to look after: once it is closed, it stays silent."""

    def __init__(self, stream: TextIO | None, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor

    def write(self, text: str) -> int:
        """Write and flush the text, as far as anybody still listens."""
        if self._stream is None:
            return len(text)
        try:
            self._stream.write(_encodable(self._redactor.redact(text), self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError):  # a broken pipe, a full disk, a closed stream
            self._stream = None
        return len(text)


def _encodable(text: str, encoding: str | None) -> str:
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
