"""Visitors of servers that are stopped meanwhile. Reads {site: {"unit", "way"}} from the file that is named; an `upload` has sent half of its body,
a `download` has read the first bytes, before the server is stopped, and goes on only then. Others ask each site all the time. Writes /run/open when all have begun, and
/run/seen when all units have been stopped and all is answered: of each site the answer to what was held, and every status that the others got.

    in-flight.py ADDRESS FILE
"""

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time

address, sites = sys.argv[1], json.load(open(sys.argv[2]))
body = b"x" * 200_000
stopped = {name: threading.Event() for name in sites}
begun, over = threading.Semaphore(0), threading.Event()
seen = {name: {"held": None, "others": {}} for name in sites}


def held(name, way):
    visitor = socket.create_connection((address, 80), timeout=100)
    lines = [f"Host: {name}.alice.test", "Connection: close"]
    if way == "upload":
        lines = ["POST /take HTTP/1.1", *lines, f"Content-Length: {len(body)}", "Content-Type: application/octet-stream"]
    else:
        lines = ["GET /large.bin HTTP/1.1", *lines]
    visitor.sendall("\r\n".join([*lines, "", ""]).encode())
    got = b""
    if way == "upload":
        visitor.sendall(body[: len(body) // 2])
    else:
        got = visitor.recv(1000)
    begun.release()
    stopped[name].wait()
    if way == "upload":
        visitor.sendall(body[len(body) // 2 :])
    while some := visitor.recv(1 << 20):
        got += some
    head, _, rest = got.partition(b"\r\n\r\n")
    status = head.split(b" ")[1].decode()
    seen[name]["held"] = f"{status} {len(rest)} {hashlib.sha256(rest).hexdigest()}" if way == "download" else f"{status} {rest.decode()}"


def others(name):
    while not over.is_set():
        try:
            visitor = http.client.HTTPConnection(address, 80, timeout=100)
            visitor.request("GET", "/", headers={"Host": f"{name}.alice.test"})
            answer = visitor.getresponse()
            answer.read()
            status = str(answer.status)
        except Exception as error:
            status = repr(error)
        seen[name]["others"][status] = seen[name]["others"].get(status, 0) + 1
        time.sleep(0.2)


def guarded(name, way):
    try:
        held(name, way)
    except Exception as error:
        seen[name]["held"] = repr(error)
        begun.release()


holding = [threading.Thread(target=guarded, args=(name, each["way"])) for name, each in sites.items()]
asking = [threading.Thread(target=others, args=(name,)) for name in sites]
for thread in holding:
    thread.start()
for _ in sites:
    begun.acquire()
for thread in asking:
    thread.start()
open("/run/open", "w").close()
pids = {}
while not all(event.is_set() for event in stopped.values()):
    units = [each["unit"] for each in sites.values()]
    show = subprocess.run(["systemctl", "show", "-p", "Id,ActiveState,MainPID", *units], capture_output=True, text=True).stdout
    for block in show.strip().split("\n\n"):
        of = dict(line.split("=", 1) for line in block.split("\n"))
        (name,) = [name for name, each in sites.items() if each["unit"] == of["Id"]]
        # Also one that was stopped and started between two looks.
        if of["ActiveState"] == "deactivating" or pids.setdefault(name, of["MainPID"]) != of["MainPID"]:
            stopped[name].set()
    time.sleep(0.05)
for thread in holding:
    thread.join()
time.sleep(1)
over.set()
for thread in asking:
    thread.join()
with open("/run/seen.new", "w") as file:
    json.dump(seen, file)
os.rename("/run/seen.new", "/run/seen")
