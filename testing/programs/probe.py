"""Sends probes and says what came of each: `accept` (an answer), `reject` (an error at once) or `drop` (silence).

  probe.py serve ADDRESS... -- PORT...      answers TCP and UDP on these ports
  probe.py ask                              reads lines of JSON lists of probes, and answers each with a line of verdicts

A probe is [protocol, from, to, port, expected]. Silence can be told from an answer on its way only by waiting: so it waits for the answers that
are expected, at most 10 s, and then for one more round, in which all that was sent before has long been decided.
"""
import errno, itertools, json, select, socket, sys, time

# ip(7), ipv6(7): errors of ICMP are told to UDP sockets.
RECVERR, RECVERR6 = (0, 11), (41, 25)


def serve(addresses, ports):
    poll, tcp = select.poll(), {}
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for port in ports:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                k = socket.socket(family, kind)
                k.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                k.bind((address, port))
                if kind == socket.SOCK_STREAM:
                    k.listen(1000)
                poll.register(k, select.POLLIN)
                tcp[k.fileno()] = (k, kind == socket.SOCK_STREAM)
    print("ready", flush=True)
    while True:
        for number, _ in poll.poll():
            k, stream = tcp[number]
            if stream:
                k.accept()[0].close()
            else:
                data, peer = k.recvfrom(100)
                try:
                    k.sendto(data, peer)
                except OSError:
                    pass


# Ports of their own for all probes: the kernel remembers those of UDP, and lets their answers in, whatever rules come next.
sources = itertools.cycle(range(10_000, 32_000))


def begin(protocol, source, target, port):
    v6 = ":" in target
    k = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    k.setblocking(False)
    if protocol == "tcp":
        # A reset instead of a long end: the same ports are free for the next round.
        k.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    else:
        k.setsockopt(*(RECVERR6 if v6 else RECVERR), 1)
    k.bind((source, next(sources)))
    try:
        k.connect((target, port))
        if protocol == "udp":
            k.send(b"x")
    except BlockingIOError:
        pass
    except OSError as wrong:
        return k, verdict_of(wrong.errno)
    return k, None


def verdict_of(number):
    if number in (errno.ECONNREFUSED, errno.EACCES, errno.EHOSTUNREACH, errno.EPERM):
        # The last is what a local sender gets of a dropped packet.
        return "drop" if number == errno.EPERM else "reject"
    return errno.errorcode[number]


def verdict(k, protocol):
    wrong = k.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if wrong:
        return verdict_of(wrong)
    if protocol == "udp":
        try:
            k.recv(100)
        except BlockingIOError:
            return None
        except OSError as error:
            return verdict_of(error.errno)
    return "accept"


def ask(probes):
    poll, socks, verdicts = select.poll(), {}, [None] * len(probes)
    for index, (protocol, source, target, port, _) in enumerate(probes):
        k, verdicts[index] = begin(protocol, source, target, port)
        socks[k.fileno()] = (index, k)
        if verdicts[index] is None:
            poll.register(k, select.POLLIN if protocol == "udp" else select.POLLOUT)
    end = time.monotonic() + 10
    def look(wait):
        for number, _ in poll.poll(wait):
            index, k = socks[number]
            verdicts[index] = verdict(k, probes[index][0])
            if verdicts[index] is not None:
                poll.unregister(k)
    while time.monotonic() < end and any(v is None and p[4] != "drop" for v, p in zip(verdicts, probes)):
        look(20)
    look(20)
    for _, k in socks.values():
        k.close()
    return [v or "drop" for v in verdicts]


if sys.argv[1] == "serve":
    middle = sys.argv.index("--")
    serve(sys.argv[2:middle], [int(port) for port in sys.argv[middle + 1:]])
for line in sys.stdin:
    print(json.dumps(ask(json.loads(line))), flush=True)
