"""Opens COUNT streams to NAME from ADDRESS, and holds those that open for SECONDS: streams.py NAME COUNT ADDRESS SECONDS

Prints JSON: how many answered with which status ("hangs" for those without an answer within ten seconds), the slowest refusal in
seconds, and the headers of one refusal.
"""

import collections
import json
import resource
import selectors
import socket
import sys
import time

name, count, address, hold = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
request = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n".encode()
selector = selectors.DefaultSelector()
statuses, refusal, slowest, waiting, held = collections.Counter(), "", 0.0, {}, []


def collect(seconds):
    global refusal, slowest
    end = time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        for key, _ in selector.select(0.1):
            stream = key.fileobj
            begun = waiting.pop(stream)
            selector.unregister(stream)
            try:
                answer = stream.recv(4096).decode()
            except OSError as error:
                answer = f"         {error.strerror}"
            status = answer[9:12] or "closed"
            statuses[status] += 1
            held.append(stream)
            if status != "101":
                slowest = max(slowest, time.monotonic() - begun)
                refusal = answer


for index in range(count):
    stream = socket.socket(socket.AF_INET6)
    stream.bind((address, 0))
    stream.connect(("::1" if address == "::1" else address, 80))
    stream.sendall(request)
    waiting[stream] = time.monotonic()
    selector.register(stream, selectors.EVENT_READ)
    if index % 20 == 19:
        collect(2)
collect(10)
statuses["hangs"] += len(waiting)
print(json.dumps({"statuses": +statuses, "slowest": slowest, "refusal": refusal}), flush=True)
time.sleep(hold)
