"""Asks a web site for its first page, over a new connection each time. Prints the milliseconds of each round, sorted, as JSON.
latencies.py HOST ROUNDS REQUESTS"""
import json
import socket
import sys
import time

host, rounds, requests = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
question = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


def ask() -> float:
    begin = time.perf_counter()
    with socket.create_connection(("::1", 80), 30) as visitor:
        visitor.sendall(question)
        answer = b""
        while part := visitor.recv(65536):
            answer += part
    if not answer.startswith(b"HTTP/1.1 200 "):
        sys.exit(f"answered {answer[:80]!r}")
    return (time.perf_counter() - begin) * 1000


print(json.dumps([sorted(ask() for _ in range(requests)) for _ in range(rounds)]))
