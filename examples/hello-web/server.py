"""Serve the pages in `public/` and say at /health that we do; the first argument is the port."""

from __future__ import annotations

import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(SimpleHTTPRequestHandler):
    """Static files, and one page that a load balancer may ask for."""

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path != "/health":
            super().do_GET()
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"ok\n")


if __name__ == "__main__":
    public = Path(__file__).resolve().parent / "public"
    ThreadingHTTPServer(("", int(sys.argv[1])), partial(Handler, directory=str(public))).serve_forever()
