#!/bin/bash
# Connects the network namespace that it runs in to the host. Started by fairhost-network@NUMBER.service, which holds the namespace.
#   account-network NUMBER
# What it says is in the account's log. The two ends of the link know each other: same address, no ARP, no neighbour discovery, no link-local
# address. One queue: the default is one for each CPU that the machine could have (80 KiB a link with one, 462 KiB with 64).
set -euo pipefail
number=$1 link=@PREFIX@$1
host=(nsenter --net=/proc/1/ns/net ip)
say() { printf '%(%FT%T%z)T fairhost: %s\n' -1 "$*" >&2; }
trap 'say "the network could not be made: programs of the account run without connections to the outside and without each other"' ERR

read -r prefix <"@CURRENT@/network/accounts/$number"
address=${prefix%/64}2

# Of 100.64.0.0/10 the address that the number gives. It has 22 bits, a number 24: a neighbour may have it already.
address4() {
  local part=$(($1 & 0x3fffff))
  printf -v address4 '100.%d.%d.%d' $((64 + (part >> 16))) $((part >> 8 & 255)) $((part & 255))
  route4="route add $address4/32 dev $link proto @PROTOCOL@"
}
address4 "$number"

ends=(address 02:00:00:00:00:01 numtxqueues 1 numrxqueues 1)
connect() {
  "${host[@]}" -batch - <<END
link add $link group @GROUP@ ${ends[*]} type veth peer name eth0 ${ends[*]} netns $$
link set $link addrgenmode none arp off up
route replace $address/128 dev $link table local proto @PROTOCOL@
$1
END
}
# All at once: visitors wait for it, and each program takes longer to start than to do this.
# An earlier namespace may still be there, held by a process that will not end, or in the kernel's queue of those to be taken apart. Its link
# goes with its routes. The other end of the namespace that this runs in, if an earlier try came that far, goes along.
if ! connect "$route4" 2>/dev/null; then
  "${host[@]}" link delete "$link" 2>/dev/null || true
  ip link delete eth0 2>/dev/null || true
  connect ''
  # If a neighbour has the address, the next free one.
  for ((i = number; i < number + 64; i++)); do
    address4 $i
    read -ra words <<<"$route4"
    ! "${host[@]}" "${words[@]}" 2>/dev/null || break
  done
fi
ip -batch - <<END
link set eth0 addrgenmode none arp off up
address add $address/128 dev eth0 nodad
address add $address4/32 dev eth0
route add default dev eth0
route add ::/0 dev eth0
END
