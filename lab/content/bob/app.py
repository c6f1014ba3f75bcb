"""A web site without socket activation: it listens on $PORT and never exits by itself.

`/probe?address=A&port=P&path=F` tries, from inside the account, to connect to a neighbour and to read a file.
"""

import errno
import json
import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def attempt(action):
    try:
        action()
        return "ok"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))


def probe(query):
    target = (query["address"][0], int(query["port"][0]))
    return {
        "connect": attempt(lambda: socket.create_connection(target, timeout=2).close()),
        "read": attempt(lambda: os.stat(query["path"][0])),
    }


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        body = json.dumps(probe(parse_qs(url.query))) if url.path == "/probe" else "Hello from bob"
        body = f"{body}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Hello).serve_forever()
