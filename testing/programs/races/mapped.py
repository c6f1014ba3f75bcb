"""
Counts in a file that it has mapped, `counted`, as LMDB and SQLite write: the kernel gives such a file a new time of change at the first write to a page alone,
until it has written the page to the disk.
"""

import mmap
import struct
import time

with open("counted", "w+b") as file:
    file.write(bytes(4096))
    file.flush()
    page = mmap.mmap(file.fileno(), 4096)
number = 0
while True:
    number += 1
    struct.pack_into("Q", page, 0, number)
    time.sleep(0.01)
