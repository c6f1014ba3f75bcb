"""Keeps one of these links, one with a carrier, in bond0, and takes another only when that is lost: as the kernel's own bonding does in the mode
active-backup, looking every 20 ms. With this, machines whose kernel has no bonding try a fleet too. Arguments: the links.
"""
import subprocess
import sys
import time


def has_carrier(link):
    try:
        with open(f"/sys/class/net/{link}/carrier") as file:
            return file.read().strip() == "1"
    except OSError:  # It is switched off.
        return False


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
                break
    time.sleep(0.02)
