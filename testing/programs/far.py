"""far.py ADDRESS...: answers there, TCP and UDP, with the address that it sees; on port 7001 with the number of bytes that came."""


import socket
import sys
import threading
def tcp(s):
    while True:
        c, peer = s.accept(); c.sendall(peer[0].encode()); c.close()
def udp(s):
    while True:
        _, peer = s.recvfrom(100); s.sendto(peer[0].encode(), peer)
def count(s):
    while True:
        c, _ = s.accept(); size = 0
        while part := c.recv(65536): size += len(part)
        c.sendall(str(size).encode()); c.close()
for address in sys.argv[1:]:
    for port in (25, 80, 179, 443, 7000):
        for kind, serve in ((socket.SOCK_STREAM, tcp), (socket.SOCK_DGRAM, udp)):
            s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
            if kind == socket.SOCK_STREAM: s.listen(500)
            threading.Thread(target=serve, args=(s,)).start()
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.bind((address, 7001)); s.listen()
    threading.Thread(target=count, args=(s,)).start()
