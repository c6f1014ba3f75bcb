"""Sends a packet to every port of an address, and prints which ports answer, as JSON: {"open": [...], "closed": [...]}. Silent ones are in neither.

  scan.py tcp|udp FROM TO

Packets are made by hand, since 65,535 connections would wait for the silent ones. `closed` is a reset, or ICMP's "port unreachable".
"""
import json, select, socket, struct, sys, time

protocol, source, target = sys.argv[1:]
six = ":" in target
number = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}[protocol]
family = socket.AF_INET6 if six else socket.AF_INET
own = 61_000
address = lambda text: socket.inet_pton(family, text)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(port):
    """A SYN, or 8 octets over UDP. Of IPv6 the kernel computes the checksum."""
    if protocol == "tcp":
        parts = [own, port, 1, 0, 5 << 4, 2, 1024, 0, 0]
        form, place = "!HHIIBBHHH", 7
    else:
        parts = [own, port, 16, 0, b"question"]
        form, place = "!HHHH8s", 3
    if not six:
        data = struct.pack(form, *parts)
        parts[place] = checksum(address(source) + address(target) + struct.pack("!BBH", 0, number, len(data)) + data) or 0xFFFF
    return struct.pack(form, *parts)


raw = socket.socket(family, socket.SOCK_RAW, number)
errors = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
for k in (raw, errors):
    k.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    k.setblocking(False)
if six:
    raw.setsockopt(socket.IPPROTO_IPV6, 7, 16 if protocol == "tcp" else 6)  # IPV6_CHECKSUM
raw.bind((source, 0))
found = {}


def note(port, state):
    if found.get(port) != "open":
        found[port] = state


def drain(seconds):
    """Reads what comes: for so long, and at 0 what is there."""
    end = time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([raw, errors], [], [], max(0, end - time.monotonic()))
        if not ready:
            return
        for k in ready:
            data, (peer, *_) = k.recvfrom(2000)
            if not six:
                data = data[(data[0] & 15) * 4 :]
            if k is raw and socket.inet_pton(family, peer.split("%")[0]) == address(target):
                theirs, to = struct.unpack("!HH", data[:4])
                if to == own:
                    note(theirs, "open" if protocol == "udp" or data[13] & 18 == 18 else "closed")
            if k is errors and data[0] == (1 if six else 3) and protocol == "udp":
                inner = data[8:]
                inner = inner[40:] if six else inner[(inner[0] & 15) * 4 :]
                if struct.unpack("!H", inner[:2])[0] == own:
                    note(struct.unpack("!H", inner[2:4])[0], "closed")


# Twice: what a full queue of the kernel has lost.
for _ in range(2):
    for port in range(1, 65_536):
        raw.sendto(packet(port), (target, 0))
        if port % 64 == 0:
            drain(0)
    # Until nothing new has come for a second: other programs of a neighbour, such as BFD, never cease to be heard.
    known = None
    while known != (known := len(found)):
        drain(1)
print(json.dumps({state: sorted(port for port, each in found.items() if each == state) for state in ("open", "closed")}))
