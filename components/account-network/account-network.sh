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

ends=(address 02:00:00:00:00:01 numtxqueues 1 numrxqueues 1)
connect() {
  "${host[@]}" -batch - <<END
link add $link group @GROUP@ ${ends[*]} type veth peer name eth0 ${ends[*]} netns $$
link set $link addrgenmode none arp off up
route replace $address/128 dev $link table local proto @PROTOCOL@
END
}
# An earlier namespace may still be there, held by a process that will not end, or in the kernel's queue of those to be taken apart. Its link
# goes with its routes. The other end of the namespace that this runs in, if an earlier try came that far, goes along.
if ! connect 2>/dev/null; then
  "${host[@]}" link delete "$link" 2>/dev/null || true
  ip link delete eth0 2>/dev/null || true
  connect
fi

# Of 100.64.0.0/10 the address that the number gives. It has 22 bits, a number 24: if a neighbour has it already, the next free one.
for ((i = number; i < number + 64; i++)); do
  part=$((i & 0x3fffff))
  address4=100.$((64 + (part >> 16))).$((part >> 8 & 255)).$((part & 255))
  ! "${host[@]}" route add "$address4/32" dev "$link" proto @PROTOCOL@ 2>/dev/null || break
done
ip -batch - <<END
link set eth0 addrgenmode none arp off up
address add $address/128 dev eth0 nodad
address add $address4/32 dev eth0
route add default dev eth0
route add ::/0 dev eth0
END
