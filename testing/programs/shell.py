"""Runs the body of each request with /bin/sh inside the sandbox and answers {"status", "output"}: for tests of ordinary programs."""

import json
import os
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Shell(BaseHTTPRequestHandler):
    def do_POST(self):
        script = self.rfile.read(int(self.headers["Content-Length"]))
        ended = subprocess.run(["/bin/sh"], input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=50)
        body = json.dumps({"status": ended.returncode, "output": ended.stdout.decode(errors="replace")}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shell).serve_forever()
