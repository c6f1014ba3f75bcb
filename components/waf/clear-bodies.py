"""Removes bodies that nobody has open: those of a process of the firewall that was killed, which would take room from all accounts.

    clear-bodies FILE...

The kernel gives a lease for writing (fcntl(2)) only if nobody else has the file open, and a process that holds a body has it open until it removes it.
"""

import fcntl
import os
import sys

for path in sys.argv[1:]:
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        continue
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        os.unlink(path)
    except OSError:
        # Somebody has it, or it has gone.
        pass
    finally:
        os.close(file)
