"""Listens on $PORT and on 8350: a line in, then whom it sees, or with the line `big` 300,000 octets."""


import os
import socket
import threading


def serve(port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, backlog=500)
    while True:
        visitor, peer = listener.accept()
        visitor.settimeout(10)
        try:
            big = visitor.recv(100) == b"big\n"
            visitor.sendall(b"x" * 300_000 if big else f"{peer[0]} to {visitor.getsockname()[0]}\n".encode())
        except OSError:
            pass
        visitor.close()


for port in (int(os.environ["PORT"]), 8350):
    threading.Thread(target=serve, args=(port,)).start()
