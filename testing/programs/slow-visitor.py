# One visitor who keeps a server busy: COUNT connections at once, of one FORM, for SECONDS.  FORM NAME COUNT SECONDS SOURCE ADDRESS
#   answers: slow answers, waited for; gone: the same, and gone after 0.2 s, again and again; flood: answers, each followed by the next request; visits: likewise, ten a second; forms: small bodies, begun; uploads: large bodies, begun;
#   drips: large bodies, of which a byte comes each second; modems: bodies of 240 kB, at 6 kB a second
#   headers: requests, of whose headers a byte comes each second, each followed by another one
#   readers: large answers of the program that nobody reads; files: files that nobody reads
# Writes "open" when all are open, then which statuses came how often, and the seconds until the last one.
import collections, selectors, socket, sys, time

form, name, count, seconds, source, address = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:7]
body = {"forms": 10_000, "uploads": 1_000_000_000, "drips": 1_000_000_000, "modems": 240_002}.get(form)
path = {"flood": "/", "visits": "/", "headers": "/", "answers": "/slow", "gone": "/slow", "forms": "/upload", "uploads": "/upload", "drips": "/upload", "modems": "/upload", "readers": "/large", "files": "/film.bin"}[form]
head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: {name}\r\n"
head += "X-Slow: " if form == "headers" else "Connection: close\r\n\r\n" if form in ("flood", "visits") else "\r\n" if body is None else f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {body}\r\n\r\na="


def ask():
    one = socket.socket(socket.AF_INET6)
    if form in ("readers", "files"):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.bind((source, 0))
    one.connect((address, 80))
    one.sendall(head.encode())
    return one


begin = time.monotonic()
if form == "gone":
    print("open", flush=True)
    while time.monotonic() - begin < seconds:
        some = [ask() for _ in range(count)]
        time.sleep(0.2)
        for one in some:
            one.close()
    sys.exit()
selector, found, last = selectors.DefaultSelector(), collections.Counter(), 0.0
dripping, again = form in ("drips", "modems", "headers"), form in ("flood", "visits", "headers")
for _ in range(count):
    one = ask()
    if form not in ("readers", "files"):
        selector.register(one, selectors.EVENT_READ)
    else:
        found[one] = 0
print("open", flush=True)
while (left := begin + seconds - time.monotonic()) > 0:
    if dripping:
        for key in list(selector.get_map().values()):
            try:
                key.fileobj.send(b"a" * (6000 if form == "modems" else 1))
            except OSError:
                pass
    for key, _ in selector.select(min(left, 1) if dripping else left):
        try:
            answer = key.fileobj.recv(65536)
        except ConnectionResetError:
            answer = b""
        found[answer[9:12].decode() or "cut"] += 1
        last = time.monotonic() - begin
        selector.unregister(key.fileobj)
        if form == "visits":
            time.sleep(0.1)
        if again:
            key.fileobj.close()
            selector.register(ask(), selectors.EVENT_READ)
    if form not in ("readers", "files") and not selector.get_map():
        break
print({} if form in ("readers", "files") else dict(found), round(last, 1))
