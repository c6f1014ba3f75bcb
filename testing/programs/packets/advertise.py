"""Says on a link, as a router does (RFC 4861, 6.2), who leads out of it: itself, for everything and for one network, and which addresses hosts have.

  advertise.py INTERFACE PREFIX MTU
"""
import socket, struct, sys

interface, prefix, mtu = sys.argv[1:]
network = socket.inet_pton(socket.AF_INET6, prefix)
k = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
k.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
k.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(interface))
# Ask for addresses and names by DHCP too; the best of all routers.
header = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0xC8, 1800, 0, 0)
addresses = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 86400, 86400, 0) + network
size = struct.pack("!BBHI", 5, 1, 0, int(mtu))
way = struct.pack("!BBBBI", 24, 2, 64, 0x08, 1800) + network[:8]
names = struct.pack("!BBHI", 25, 3, 0, 1800) + network[:15] + b"\x35"
k.sendto(header + addresses + size + way + names, ("ff02::1", 0))
