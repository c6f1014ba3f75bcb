"""Tells a machine of a better way (ICMP redirect), in the name of its router.

  redirect.py ROUTER MACHINE DESTINATION BETTER
"""
import socket, struct, sys

router, machine, destination, better = sys.argv[1:]
six = ":" in machine
address = lambda text: socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, text)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


if six:
    # Without the packet that it answers: then the kernel asks no program whether it sent one.
    k = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    k.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    index = socket.if_nametoindex("eth0")
    k.bind((router, 0, 0, index))
    k.sendto(struct.pack("!BBHI", 137, 0, 0, 0) + address(better) + address(destination), (machine, 0, 0, 0))
else:
    # An answer to a ping: of those the kernel itself looks at errors.
    packet = struct.pack("!BBHHHBBH", 0x45, 0, 28, 1, 0, 64, 1, 0) + address(machine) + address(destination) + bytes(8)
    message = lambda check: struct.pack("!BBH", 5, 1, check) + address(better) + packet
    k = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    k.bind((router, 0))
    k.sendto(message(checksum(message(0))), (machine, 0))
