# Asks for an answer several times, and reads nothing of it for three seconds.  NAME COUNT PATH
import socket, sys, time

name, count, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
held = []
for _ in range(count):
    reader = socket.create_connection(("::1", 80))
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    held.append(reader)
time.sleep(3)
