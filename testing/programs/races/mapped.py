"""
Counts in a file that it has mapped, as LMDB and SQLite write, and says in another one where it began. The kernel gives such a file a new time of change at the
first write to a page alone, until it has written the page to the disk; where there is no disk, each SIGHUP does the same.
"""

import mmap
import signal
import struct
import time

with open("ticks.mapped", "a+b") as file:
    if file.tell() == 0:
        file.write(bytes(4096))
page = None


def anew(*_):
    global page
    with open("ticks.mapped", "r+b") as file:
        page = mmap.mmap(file.fileno(), 4096)


anew()
signal.signal(signal.SIGHUP, anew)
(number,) = struct.unpack_from("Q", page)
with open("ticks.begun", "a") as begun:
    print(number, file=begun)
while True:
    number += 1
    struct.pack_into("Q", page, 0, number)
    time.sleep(0.01)
