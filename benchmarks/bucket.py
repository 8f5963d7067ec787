"""`python -m benchmarks.bucket`: the other end of the wire, and no more: it takes objects and forgets them.

S3 is another machine: a server that works on the cores of this one would be measured with its client.
This one reads what is sent, checks its CRC-32 where one came with it, and remembers size and metadata. The
first line on stdout is its URL.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from isal.isal_zlib import crc32

_PIECE: Final = 1 << 20


@dataclass
class _Object:
    """What is known of an object, or of one that is being uploaded."""

    metadata: dict[str, str]
    size: int = 0
    parts: dict[int, int] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    objects: Final[dict[str, _Object]] = {}
    uploads: Final[dict[str, _Object]] = {}

    def do_HEAD(self) -> None:
        """HeadObject."""
        found = self.objects.get(self.path)
        if found is None:
            self._answer(404)
        else:
            about = {"ETag": '"etag"', "Last-Modified": self.date_time_string()}
            self._answer(200, {**found.metadata, **about}, length=found.size)

    def do_PUT(self) -> None:
        """PutObject and UploadPart."""
        query = self._query
        size = self._take()
        if size is None:
            self._answer(400, body="<Error><Code>BadDigest</Code></Error>")
            return
        if "uploadId" in query:
            self.uploads[query["uploadId"]].parts[int(query["partNumber"])] = size
        else:
            self.objects[urlsplit(self.path).path] = _Object(self._metadata, size)
        self._answer(200, {"ETag": '"etag"'})

    def do_POST(self) -> None:
        """CreateMultipartUpload and CompleteMultipartUpload."""
        query, path = self._query, urlsplit(self.path).path
        self._take()
        if "uploadId" in query:
            done = self.uploads.pop(query["uploadId"])
            done.size = sum(done.parts.values())
            self.objects[path] = done
            self._answer(
                200, body='<CompleteMultipartUploadResult><ETag>"etag"</ETag></CompleteMultipartUploadResult>'
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
        while left and (count := self.rfile.readinto(buffer[:left])):
            crc = crc32(buffer[:count], crc)
            left -= count
        expected = self.headers.get("x-amz-checksum-crc32")
        same = expected in {None, b64encode(crc.to_bytes(4, "big")).decode()}
        return size if same and not left else None

    def _answer(
        self, status: int, headers: dict[str, str] | None = None, *, body: str = "", length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body.encode())


def main() -> int:
    """Serve until the process is ended."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
