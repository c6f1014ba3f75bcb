"""Puts something else in the place of paths, again and again, as a hostile account does while root works below its directory.

    flips.py PATH=TARGET...

Each path is in turn a symlink to its target, a FIFO, a file with a second name, an empty directory, and what it was. Names are exchanged (renameat2(2)), so
something is there at any moment. It goes on until it is ended.
"""

import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
here, exchange = -100, 2
places = [word.split("=", 1) for word in sys.argv[1:]]
os.makedirs(".flips", exist_ok=True)
for number, (_, target) in enumerate(places):
    own = f".flips/{number}."
    os.symlink(target, own + "link")
    os.mkfifo(own + "pipe")
    open(own + "file", "w").close()
    os.link(own + "file", own + "hard")
    os.mkdir(own + "directory")
kinds = ("link", "link", "pipe", "link", "hard", "link", "directory")
turns = [[(path.encode(), f".flips/{number}.{kind}".encode()) for number, (path, _) in enumerate(places)] for kind in kinds]
while True:
    for turn in turns:
        # Twice: after it everything is in its place again.
        for path, other in turn + turn:
            libc.renameat2(here, path, here, other, exchange)
