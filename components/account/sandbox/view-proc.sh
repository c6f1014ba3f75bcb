#!/bin/sh
# Writes what accounts are told of the host's CPUs in /proc, without anything that changes with what others do.
#   view-proc DIRECTORY
set -eu
umask 022
mkdir -p "$1"
cd "$1"

# Frequencies as of now: live ones follow the load.
cat /proc/cpuinfo >cpuinfo.new
# Every CPU idle, no interrupts; only the time of the boot is true.
awk '
  /^cpu/ { print $1, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0 }
  /^btime/ { print "intr 0"; print "ctxt 0"; print; print "processes 1"; print "procs_running 1"; print "procs_blocked 0"; print "softirq 0" }
' /proc/stat >stat.new
echo '0.00 0.00 0.00 1/1 1' >loadavg.new
# Which controllers there are; the number of groups tells how many accounts are awake.
awk -F '\t' -v OFS='\t' '!/^#/ { $3 = 1 } { print }' /proc/cgroups >cgroups.new
for file in cpuinfo stat loadavg cgroups; do
  mv "$file.new" "$file"
done
