"""Keeps one of these links, one with a carrier, in bond0, and takes another only when that is lost: as the kernel's own bonding does in the mode
active-backup, looking every 100 ms. With this, machines whose kernel has no bonding try a fleet too. Arguments: the links.
"""
import socket
import subprocess
import sys
import time


def has_carrier(link):
    try:
        with open(f"/sys/class/net/{link}/carrier") as file:
            return file.read().strip() == "1"
    except OSError:  # It is switched off.
        return False


def tell_switches():
    """As the kernel tells neighbours by an unsolicited advertisement: the other switches learn where bond0 is now, before it has anything else to say."""
    with open("/sys/class/net/bond0/address") as file:
        own = bytes.fromhex(file.read().strip().replace(":", ""))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as to_all:
        to_all.bind(("bond0", 0))
        # 88b5: for experiments, nobody reads it.
        to_all.send(b"\xff" * 6 + own + b"\x88\xb5" + bytes(46))


active = None
while True:
    if active is None or not has_carrier(active):
        for link in sys.argv[1:]:
            if has_carrier(link):
                # First the new one: bond0 itself never loses its carrier.
                subprocess.run(["ip", "link", "set", link, "master", "bond0"], check=True)
                if active is not None:
                    subprocess.run(["ip", "link", "set", active, "nomaster"], check=True)
                active = link
                tell_switches()
                break
    time.sleep(0.1)
