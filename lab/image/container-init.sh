#!/bin/sh
# Becomes PID 1 of a container: called inside fresh mount, pid, cgroup, UTS, IPC and network namespaces.
# Arguments: TREE (read-only root), MOUNT (an empty directory), NAME (host name), MACHINE_ID, DROPPED (capabilities, as setpriv wants them).
# All that is written goes to a tmpfs that only these namespaces see: when they end, nothing is left.
set -eu
tree=$1 mount=$2 name=$3 machine_id=$4 dropped=$5

mount -t tmpfs -o mode=0755 fairhost-container "$mount"
cd "$mount"
mkdir upper work root
mount -t overlay -o "lowerdir=$tree,upperdir=$mount/upper,workdir=$mount/work" fairhost-container root
cd root

mount -t proc -o nosuid,nodev,noexec proc proc
# /proc/sys is the machine's own: only what belongs to the network namespace may be changed.
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
for file in sysrq-trigger kcore; do
  [ ! -e "proc/$file" ] || mount --bind /dev/null "proc/$file"
done

mount -t sysfs -o nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -o remount,bind,ro sys

mount -t tmpfs -o mode=0755,nosuid dev dev
mkdir dev/pts dev/shm dev/mqueue
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
# Of the machine's kernel, but what is mounted with them belongs to the mount namespace.
mknod -m 600 dev/fuse c 10 229
mknod -m 600 dev/autofs c 10 235
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=1777,nosuid,nodev shm dev/shm

echo "$name" > etc/hostname
echo "$machine_id" > etc/machine-id
: > etc/fstab
# No devices and no links of its own: nothing for these to do, and udevd would speak to the machine's devices.
for unit in systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service \
  systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service systemd-network-generator.service \
  systemd-pstore.service systemd-modules-load.service getty@tty1.service console-getty.service \
  ssh.service sshd-keygen.service; do
  ln -sf /dev/null "etc/systemd/system/$unit"
done

hostname "$name"
ip link set lo up

mkdir -p old
pivot_root . old
umount -l old
# As systemd does itself when it is no container: without it LoadCredential= and mounts of units' helpers never arrive.
mount --make-rshared /
# What would reach the machine itself is dropped; mknod stays, PrivateDevices= needs it.
exec /usr/bin/env -i container=fairhost PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /usr/bin/setpriv --bounding-set="$dropped" --inh-caps="$dropped" \
  /lib/systemd/systemd </dev/null
