#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""slow-server.py SECONDS: an HTTP server that takes so long to send a mebibyte. It prints its port, and each request on
standard error."""
import http.server
import sys
import time

SIZE = 1 << 20
STEPS = 1000


class Slowly(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        try:
            for _ in range(STEPS):
                self.wfile.write(bytes(SIZE // STEPS))
                self.wfile.flush()
                time.sleep(float(sys.argv[1]) / STEPS)
        except (BrokenPipeError, ConnectionResetError):
            pass


server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Slowly)
print(server.server_port, flush=True)
server.serve_forever()
