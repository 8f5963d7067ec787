"""`python -m benchmarks.bucket`: the other end of the wire, and no more: it takes objects and forgets them.

S3 is another machine: a server that works on the cores of this one would be measured with its client.
This one reads what is sent, checks its CRC-32 where one came with it, and remembers size and metadata. Of
objects below `kept/` it keeps the bytes, serves ranges of them and copies them into parts. The first line on
stdout is its URL.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from isal.isal_zlib import crc32

ETAG: Final = "etag"
KEPT: Final = "kept"
SENT: Final = "x-bench-sent"
"""The header of an object's description that says how many of its bytes were sent."""

_PIECE: Final = 1 << 20
_QUOTED: Final = f'"{ETAG}"'


@dataclass
class _Object:
    """What is known of an object, or of one that is being uploaded; there is no `data` unless it is kept."""

    metadata: dict[str, str]
    size: int = 0
    sent: int = 0
    parts: dict[int, int] = field(default_factory=dict)
    pieces: dict[int, bytes] = field(default_factory=dict)
    data: bytes = b""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    objects: Final[dict[str, _Object]] = {}
    uploads: Final[dict[str, _Object]] = {}
    kept = b""

    def do_HEAD(self) -> None:
        """HeadObject."""
        found = self.objects.get(self.path)
        if found is None:
            self._answer(404)
        else:
            about = {"ETag": _QUOTED, "Last-Modified": self.date_time_string()}
            self._answer(200, {**found.metadata, **about, SENT: str(found.sent)}, length=found.size)

    def do_GET(self) -> None:
        """GetObject, of a range from some byte, or of the last bytes."""
        found = self.objects.get(urlsplit(self.path).path)
        if found is None or not found.data:
            self._answer(404)
            return
        data = memoryview(found.data)
        start, _, end = self.headers["Range"].removeprefix("bytes=").partition("-")
        first = int(start) if start else max(0, len(data) - int(end))
        last = min(int(end), len(data) - 1) if start else len(data) - 1
        about = {"ETag": _QUOTED, "Last-Modified": self.date_time_string()}
        about["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        self._answer(206, about, body=data[first : last + 1])

    def _copy(self, query: dict[str, str]) -> None:
        """UploadPartCopy; the copy's SHA-256 takes this machine's time, not another's."""
        bucket, _, key = unquote(self.headers["x-amz-copy-source"]).partition("?")[0].partition("/")
        first, last = map(int, self.headers["x-amz-copy-source-range"].removeprefix("bytes=").split("-"))
        data = memoryview(self.objects[f"/{bucket}/{key}"].data)[first : last + 1]
        upload = self.uploads[query["uploadId"]]
        upload.parts[int(query["partNumber"])] = len(data)
        digest = b64encode(sha256(data).digest()).decode()
        checksum = f"<ChecksumSHA256>{digest}</ChecksumSHA256>"
        self._answer(200, body=f"<CopyPartResult><ETag>{_QUOTED}</ETag>{checksum}</CopyPartResult>")

    def do_PUT(self) -> None:
        """PutObject, UploadPart and UploadPartCopy."""
        query = self._query
        if "x-amz-copy-source" in self.headers:
            self._copy(query)
            return
        size = self._take()
        if size is None:
            self._answer(400, body="<Error><Code>BadDigest</Code></Error>")
            return
        if "uploadId" in query:
            upload, number = self.uploads[query["uploadId"]], int(query["partNumber"])
            upload.parts[number] = size
            upload.sent += size
            if self.kept:
                upload.pieces[number] = self.kept
        else:
            self.objects[urlsplit(self.path).path] = _Object(self._metadata, size, size)
        self._answer(200, {"ETag": _QUOTED})

    def do_POST(self) -> None:
        """CreateMultipartUpload and CompleteMultipartUpload."""
        query, path = self._query, urlsplit(self.path).path
        self._take()
        if "uploadId" in query:
            done = self.uploads.pop(query["uploadId"])
            done.size = sum(done.parts.values())
            done.data = b"".join(done.pieces[number] for number in sorted(done.pieces))
            self.objects[path] = done
            self._answer(
                200,
                body=f"<CompleteMultipartUploadResult><ETag>{ETAG}</ETag></CompleteMultipartUploadResult>",
            )
            return
        upload = uuid4().hex
        self.uploads[upload] = _Object(self._metadata)
        result = f"<UploadId>{upload}</UploadId>"
        self._answer(200, body=f"<InitiateMultipartUploadResult>{result}</InitiateMultipartUploadResult>")

    def log_message(self, *_: object) -> None:
        """Nothing: a line for each request would be measured too."""

    @property
    def _query(self) -> dict[str, str]:
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return {name: values[0] for name, values in query.items()}

    @property
    def _metadata(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")}

    def _take(self) -> int | None:
        """Read the body and return its length, None when it is not what its checksum says."""
        left = size = int(self.headers.get("Content-Length", 0))
        buffer, crc = memoryview(bytearray(min(size, _PIECE))), 0
        keeps = f"/{KEPT}/" in self.path
        kept = []
        while left and (count := self.rfile.readinto(buffer[:left])):
            crc = crc32(buffer[:count], crc)
            left -= count
            if keeps:
                kept.append(bytes(buffer[:count]))
        self.kept = b"".join(kept)
        expected = self.headers.get("x-amz-checksum-crc32")
        same = expected in {None, b64encode(crc.to_bytes(4, "big")).decode()}
        return size if same and not left else None

    def _answer(
        self,
        status: int,
        headers: dict[str, str] | None = None,
        *,
        body: str | memoryview = "",
        length: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body.encode() if isinstance(body, str) else body)


def main() -> int:
    """Serve until the process is ended."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
