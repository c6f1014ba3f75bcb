"""Visitors of a web site over TLS, until the file STOP is there: tls-visitors.py NAME KEPT FRESH STOP

KEPT connections ask again and again, and are never closed by the visitor; FRESH visitors open a connection for each request. No certificate is verified.
Prints "open" when each kept connection has been answered once; then JSON: requests answered, handshakes, certificates seen (the first bytes of their SHA-256, in
the order of first sight), and what went wrong.
"""

import asyncio
import hashlib
import json
import os
import ssl
import sys

name, kept, fresh, stop = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
said = {"requests": 0, "handshakes": 0, "certificates": [], "wrong": []}
unopened = asyncio.Semaphore(0)


async def connect():
    reader, writer = await asyncio.open_connection("::1", 443, ssl=context, server_hostname=name)
    shown = hashlib.sha256(writer.get_extra_info("ssl_object").getpeercert(binary_form=True)).hexdigest()[:16]
    said["handshakes"] += 1
    if shown not in said["certificates"]:
        said["certificates"].append(shown)
    return reader, writer


async def ask(reader, writer):
    writer.write(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ValueError(head[:40].decode())
    said["requests"] += 1


async def stays():
    reader, writer = await connect()
    await ask(reader, writer)
    unopened.release()
    while not os.path.exists(stop):
        await asyncio.sleep(0.1)
        await ask(reader, writer)
    writer.close()


async def comes():
    while not os.path.exists(stop):
        reader, writer = await connect()
        await ask(reader, writer)
        writer.close()


async def noted(visitor):
    try:
        await asyncio.wait_for(visitor(), 300)
    except Exception as error:  # each is what this looks for
        said["wrong"].append(f"{visitor.__name__}: {error!r}")


async def main():
    async with asyncio.TaskGroup() as group:
        for _ in range(kept):
            group.create_task(noted(stays))
        for _ in range(kept):
            await asyncio.wait_for(unopened.acquire(), 60)
        print("open", flush=True)
        for _ in range(fresh):
            group.create_task(noted(comes))


asyncio.run(main())
print(json.dumps(said), flush=True)
