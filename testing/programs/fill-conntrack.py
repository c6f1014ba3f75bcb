"""
Fills the kernel's table of connections of this network namespace with ones that it may not drop (ctnetlink, assured), and keeps it full until it is ended:
what goes, because its time is over or because the kernel drops it for a new one, makes room for one more of these.
"""

import errno
import itertools
import socket
import struct
import time

NEW = 0x0100  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW
REQUEST, CREATE, ACK = 0x1, 0x400, 0x4
ASSURED = 0x2 | 0x4 | 0x8  # IPS_SEEN_REPLY, IPS_ASSURED, IPS_CONFIRMED


def attribute(kind, *content, nested=False):
    data = b"".join(content)
    length = 4 + len(data)
    return struct.pack("HH", length, kind | (0x8000 if nested else 0)) + data + bytes(-length % 4)


def direction(kind, source, target, source_port, target_port):
    addresses = attribute(1, attribute(3, source), attribute(4, target), nested=True)
    ports = attribute(2, attribute(1, b"\x11"), attribute(2, struct.pack("!H", source_port)), attribute(3, struct.pack("!H", target_port)), nested=True)
    return attribute(kind, addresses, ports, nested=True)


here = socket.inet_pton(socket.AF_INET6, "fd00:8000::11")


def entry(number):
    there = socket.inet_pton(socket.AF_INET6, f"fd00:9:1::{number >> 31:x}:{number >> 15 & 0xFFFF:x}")
    port = 1024 + (number & 0x7FFF)
    body = struct.pack("!BBH", socket.AF_INET6, 0, 0) + direction(1, here, there, port, 53) + direction(2, there, here, 53, port)
    body += attribute(3, struct.pack("!I", ASSURED)) + attribute(7, struct.pack("!I", 3600))
    return struct.pack("IHHII", 16 + len(body), NEW, REQUEST | CREATE | ACK, number, 0) + body


link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
for begin in itertools.count(0, 200):
    link.send(b"".join(entry(number) for number in range(begin, begin + 200)))
    left, full = 200, False
    while left:
        data = link.recv(1 << 16)
        while data:
            length, kind = struct.unpack_from("IH", data)
            error = -struct.unpack_from("i", data, 16)[0] if kind == 2 else 0
            if error not in (0, errno.ENOMEM, errno.EEXIST):
                raise OSError(error, errno.errorcode.get(error))
            full |= error == errno.ENOMEM
            left -= 1
            data = data[(length + 3) & ~3 :]
    if full:
        time.sleep(0.02)
