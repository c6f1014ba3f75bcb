"""Waits for a packet with data that a machine sends to a TCP port, and says in the name of a router that it was too large (RFC 4443, 3.2; RFC 1191).

  too-big.py ROUTER MACHINE PORT SIZE seen|unseen

`unseen`: as somebody who does not see the packets, and has to guess their numbers.
"""
import socket, struct, sys

router, machine, port, size, seen = sys.argv[1:]
six = ":" in machine
family = socket.AF_INET6 if six else socket.AF_INET
own = socket.inet_pton(family, machine)
link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86DD if six else 0x0800))
link.bind(("eth0", 0x86DD if six else 0x0800))
link.settimeout(20)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


while True:
    packet = link.recv(65536)
    source, tcp = (packet[8:24], packet[40:]) if six else (packet[12:16], packet[20:])
    if source != own or packet[6 if six else 9] != 6 or struct.unpack("!H", tcp[2:4])[0] != int(port):
        continue
    if len(tcp) > (tcp[12] >> 4) * 4:
        break
start = len(packet) - len(tcp)
head = bytearray(packet[: start + 20])
if seen == "unseen":
    head[start + 4] ^= 0x80
if six:
    k = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    message = struct.pack("!BBHI", 2, 0, 0, int(size)) + head
else:
    k = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    say = lambda check: struct.pack("!BBHHH", 3, 4, check, 0, int(size)) + head
    message = say(checksum(say(0)))
k.bind((router, 0))
k.sendto(message, (machine, 0))
