"""Sends datagrams as no ordinary program does: with extension headers, in fragments, with routes of their own. Each brings the name of its kind.

  odd-packets.py FROM TO PORT KIND...
  odd-packets.py FROM TO PORT --via ADDRESS KIND...   for `route-*`: TO comes after ADDRESS

Kinds of IPv6: plain, hop-by-hop, destination, many-headers, atomic, fragments, tiny (the first fragment has no header of UDP), overlapping (another port
lies over the first), route-0, route-2, route-3, route-4 (RFC 5095, 6275, 6554, 8754). Of IPv4: plain, record (its way is recorded), fragments, tiny,
overlapping, route-loose, route-strict.
"""
import os, socket, struct, sys

source, target, port, *kinds = sys.argv[1:]
via = None
if kinds[0] == "--via":
    via, kinds = kinds[1], kinds[2:]
six = ":" in target
family = socket.AF_INET6 if six else socket.AF_INET
address = lambda text: socket.inet_pton(family, text)
UDP, HOP, ROUTE, FRAGMENT, OPTIONS = 17, 0, 43, 44, 60
raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(to, text):
    text = text.ljust(31) + "\n"
    length = 8 + len(text)
    header = lambda check: struct.pack("!HHHH", 5000, to, length, check) + text.encode()
    pseudo = address(source) + address(target) + (struct.pack("!II", length, UDP) if six else struct.pack("!BBH", 0, UDP, length))
    return header(checksum(pseudo + header(0)) or 0xFFFF)


def send6(first, payload, to=target):
    raw.sendto(struct.pack("!IHBB", 6 << 28, len(payload), first, 64) + address(source) + address(to) + payload, (to, 0))


# One header of eight octets that says nothing (PadN), and one of a fragment.
padding = lambda following: struct.pack("!BBBB4x", following, 0, 1, 4)
fragment = lambda following, offset, more, number: struct.pack("!BBHI", following, 0, offset | more, number)


def fragments6(parts, first=UDP):
    """Parts: where each lies, in octets, and what it has."""
    number = struct.unpack("!I", os.urandom(4))[0]
    for index, (offset, part) in enumerate(parts):
        send6(FRAGMENT, fragment(first, offset, index < len(parts) - 1, number) + part)


def route6(kind, data):
    last = address(target)
    # The addresses that are left; a list of segments (type 4) has the last one first.
    own = {0: struct.pack("!I", 0) + last, 2: struct.pack("!I", 0) + last, 3: struct.pack("!I", 0) + last}
    body = own.get(kind) or struct.pack("!BBH", 1, 0, 0) + last + address(via)
    send6(ROUTE, struct.pack("!BBBB", UDP, (4 + len(body)) // 8 - 1, kind, 1) + body + data, via)


def send4(payload, options=b"", offset=0, more=0, number=None, to=target):
    words = 5 + len(options) // 4
    head = lambda check: struct.pack(
        "!BBHHHBBH", 4 << 4 | words, 0, words * 4 + len(payload), number or 1, more << 13 | offset // 8, 64, UDP, check
    ) + address(source) + address(to) + options
    raw.sendto(head(checksum(head(0))) + payload, (to, 0))


def fragments4(parts):
    number = struct.unpack("!H", os.urandom(2))[0] or 1
    for index, (offset, part) in enumerate(parts):
        send4(part, offset=offset, more=index < len(parts) - 1, number=number)


for kind in kinds:
    data = udp(int(port), kind)
    # To a port that nobody keeps closed; its first octets are replaced by what lies over them.
    over = [(0, udp(9, kind)[:24]), (0, data[:24]), (24, data[24:])]
    if kind.startswith("route-") and six:
        route6(int(kind[6:]), data)
    elif kind.startswith("route-"):
        # Type, length, pointer to the next address.
        send4(data, struct.pack("!BBB", 131 if kind == "route-loose" else 137, 7, 4) + address(target) + b"\0", to=via)
    elif kind == "plain":
        send6(UDP, data) if six else send4(data)
    elif kind == "hop-by-hop":
        send6(HOP, padding(UDP) + data)
    elif kind == "destination":
        send6(OPTIONS, padding(UDP) + data)
    elif kind == "many-headers":
        send6(HOP, padding(OPTIONS) + padding(OPTIONS) * 4 + padding(UDP) + data)
    elif kind == "record":
        send4(data, struct.pack("!BBB", 7, 11, 4) + bytes(9))
    elif kind == "atomic":
        fragments6([(0, data)])
    elif kind == "fragments":
        (fragments6 if six else fragments4)([(0, data[:16]), (16, data[16:])])
    elif kind == "tiny" and six:
        fragments6([(0, padding(UDP)), (8, data)], OPTIONS)
    elif kind == "tiny":
        fragments4([(0, data[:8]), (8, data[8:])])
    elif kind == "overlapping":
        (fragments6 if six else fragments4)(over)
    else:
        sys.exit(f"no such kind: {kind}")
