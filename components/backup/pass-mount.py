#!/usr/bin/python3
# In the place of fusermount(1), which restic runs to mount: the file system is mounted already, by root and outside of restic's sandbox
# (host/backups/mounted.ts). This hands restic its descriptor of /dev/fuse, which is 9, over the socket that fusermount has at 3.
import socket
import sys

if "-u" not in sys.argv:
    socket.send_fds(socket.socket(fileno=3), [b"\0"], [9])
