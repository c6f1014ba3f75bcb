#!/bin/sh
# Becomes PID 1 under a kernel in user mode (lab/own-kernel.ts): what a boot would bring, then systemd with one unit, which runs commands.
# /fairhost is shared with the machine: commands and their results, and the kernel's modules. Parameter of the kernel: fairhost.mount=OPTIONS.
set -eu
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=0755,nosuid tmpfs /run
options=$(sed -n 's/.*fairhost\.mount=\([^ ]*\).*/\1/p' /proc/cmdline)
for module in quota_tree quota_v2; do
  insmod "/fairhost/modules/$module.ko"
done
: > /etc/fstab
mount -o "nosuid,nodev${options:+,$options}" /dev/ubda /srv/accounts
ip link set lo up
# What a first boot does once and no test needs; each start of a process takes long here.
for unit in systemd-sysusers.service systemd-sysctl.service systemd-modules-load.service systemd-random-seed.service \
  systemd-tmpfiles-setup-dev-early.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-setup.service \
  systemd-journal-catalog-update.service systemd-journal-flush.service systemd-update-done.service systemd-update-utmp.service \
  systemd-machine-id-commit.service systemd-remount-fs.service systemd-pstore.service systemd-udevd.service \
  systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service systemd-networkd.service \
  systemd-networkd.socket systemd-network-generator.service kmod-static-nodes.service dev-hugepages.mount dev-mqueue.mount \
  run-lock.mount tmp.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount \
  proc-sys-fs-binfmt_misc.automount systemd-binfmt.service systemd-hwdb-update.service systemd-firstboot.service \
  mdadm-shutdown.service bird.service nginx.service ssh.service sshd-keygen.service; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done
cat > /etc/systemd/system/fairhost-agent.service <<'EOF'
[Unit]
DefaultDependencies=no
[Service]
ExecStart=/usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 /bin/bash /fairhost/agent.sh
StandardError=tty
EOF
# Runs a command that is put there complete, one after the other. It waits without starting a process (bash's `read`): each takes long here.
cat > /fairhost/agent.sh <<'EOF'
export -n SHLVL
mkfifo /run/nothing
exec 3<>/run/nothing
touch /fairhost/up
next=1
while :; do
  at=/fairhost/in/$next
  if [ -e "$at.sh" ]; then
    /bin/sh "$at.sh" <"$at.stdin" >"$at.stdout" 2>"$at.stderr" 3>&-
    echo $? >"$at.done"
    next=$((next + 1))
  else
    read -rt 0.05 -u 3
  fi
done
EOF
exec /lib/systemd/systemd
