"""Puts a pipe without a writer in the place of each of many files, and the file back, again and again: who opens one at the wrong moment waits.

    pipes.py DIRECTORY FOLDERS FILES

Names are exchanged (renameat2(2)), so something is there at any moment. It goes on until it is ended.
"""

import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
here, exchange = -100, 2
directory, folders, files = sys.argv[1], *map(int, sys.argv[2:])
names = []
for folder in range(folders):
    os.makedirs(f"{directory}/{folder}")
    os.makedirs(f".pipes/{folder}")
    for number in range(files):
        own, pipe = f"{directory}/{folder}/{number}", f".pipes/{folder}/{number}"
        with open(own, "w") as file:
            file.write("mine\n")
        os.mkfifo(pipe)
        names.append((own.encode(), pipe.encode()))
print("exchanging", flush=True)
while True:
    for own, pipe in names:
        libc.renameat2(here, own, here, pipe, exchange)
