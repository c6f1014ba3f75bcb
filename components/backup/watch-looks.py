#!/usr/bin/python3 -I
# Starts what mounts an account's backups when somebody opens its `admin/backup` (host/backups/view.ts).
#   watch-looks RECORDS ACCOUNTS
# Whoever opens it is not kept waiting, so nothing hangs with a backup host. An automount would: systemd unmounts a copy of every mount of the host
# whenever it starts a sandbox, and is kept by one that is on its way (decision 63).
import ctypes
import os
import struct
import subprocess
import sys
import time

records, accounts = sys.argv[1:]
note = """Your backups appear here a few seconds after this directory is listed: list it again then.
They go when nobody has read them for ten minutes.
"""
# inotify(7)
opened, only_directory, no_symlink, ignored = 0x20, 0x01000000, 0x02000000, 0x8000
libc = ctypes.CDLL(None, use_errno=True)
while True:
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    if descriptor >= 0:
        break
    # Others have all there are: that is no reason for a deploy to fail.
    print(f"inotify: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
    subprocess.run(["systemd-notify", "--ready"], check=False)
    time.sleep(60)

watched = {}
last = {}


def watch(number):
    path = f"{accounts}/{number}/admin/backup"
    # Only root writes in `admin`.
    try:
        os.mkdir(path, 0o755)
        with open(f"{path}/LOOK-AGAIN.txt", "x") as file:
            file.write(note)
    except FileExistsError:
        pass
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        return
    handle = libc.inotify_add_watch(descriptor, path.encode(), opened | only_directory | no_symlink)
    if handle < 0:
        print(f"{path}: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
        return
    watched[handle] = number


# A host that backs up nobody has no records.
for number in os.listdir(records) if os.path.isdir(records) else []:
    watch(number)
subprocess.run(["systemd-notify", "--ready"], check=False)
while True:
    events = os.read(descriptor, 65536)
    while events:
        handle, mask, _cookie, length = struct.unpack_from("iIII", events)
        events = events[16 + length :]
        number = watched.get(handle)
        if number is None:
            continue
        if mask & ignored:
            # What was mounted there when this began is gone.
            del watched[handle]
            watch(number)
        elif time.monotonic() - last.get(number, float("-inf")) > 5:
            last[number] = time.monotonic()
            unit = f"fairhost-backup-view@{number}.service"
            subprocess.run(["systemctl", "--quiet", "--no-block", "start", unit], check=False)
