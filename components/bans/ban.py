"""Counts wrong passwords: a datagram for each, on descriptor 3. Bans addresses that send too many.

    ban MOST SECONDS TABLE [CONTROLLER...]

MOST wrong passwords within SECONDS from one address of IPv4, or one /64 of IPv6, make an element of the table's set `banned4` or `banned6`. Its
rules refuse the address, and forget the element after the set's time. Controllers are not counted. It ends when it has heard nothing for
SECONDS: then there is nothing left to remember.
"""

import collections
import ipaddress
import re
import socket
import subprocess
import sys
import time

most, seconds, table = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
controllers = [ipaddress.ip_network(each) for each in sys.argv[4:]]
# Sources that are remembered; beyond that the one that has been quiet for longest is forgotten.
bound = 10000
# Where the password was asked for, and the address that gave it: neither is a word of who guesses.
line = re.compile(r"\b([a-z]{3,10}): ([0-9a-f.:]{2,45})$")
sources = collections.OrderedDict()


def source_of(address):
    """What is banned for this address; nothing for a controller, who may mistype."""
    if any(address in network for network in controllers if network.version == address.version):
        return None
    return ipaddress.ip_network((address, 64 if address.version == 6 else 32), strict=False).network_address


def ban(source, kinds):
    told = ", ".join(f"{kind} {kinds.count(kind)}" for kind in sorted(set(kinds)))
    element = f'{{ {source} comment "{told}" }}'
    done = subprocess.run(
        ["/usr/sbin/nft", "add", "element", "inet", table, f"banned{source.version}", element],
        capture_output=True,
        text=True,
    )
    name = f"{source}/64" if source.version == 6 else source
    said = "banned" if done.returncode == 0 else f"NOT banned ({' '.join(done.stderr.split())[:200]})"
    print(f"<4>{said}: {name}, {len(kinds)} wrong passwords within {seconds} s: {told}", file=sys.stderr, flush=True)


def count(kind, source, now):
    tries = sources.pop(source, None) or collections.deque()
    while tries and tries[0][0] <= now - seconds:
        tries.popleft()
    tries.append((now, kind))
    if len(tries) >= most:
        return ban(source, [kind for _, kind in tries])
    sources[source] = tries
    if len(sources) > bound:
        sources.popitem(last=False)


heard = socket.socket(fileno=3)
heard.settimeout(seconds)
while True:
    try:
        datagram = heard.recv(4096)
    except TimeoutError:
        break
    found = line.search(datagram.decode("ascii", "replace").strip())
    if not found:
        continue
    try:
        source = source_of(ipaddress.ip_address(found[2]))
    except ValueError:
        continue
    if source:
        count(sys.intern(found[1]), source, time.monotonic())
