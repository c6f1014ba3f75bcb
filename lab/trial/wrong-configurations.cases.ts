/** Configuration of the trial's routers that its maker's program refuses to read: what is exchanged in it, and for what. */
interface WrongConfiguration {
  readonly space: string;
  /** In the router's folder. */
  readonly file: string;
  /** Judges a file without taking it. */
  readonly validator: string;
  readonly wrong: readonly (readonly [from: string, to: string])[];
}

export const wrongConfigurations: readonly WrongConfiguration[] = [
  {
    space: "router-1",
    file: "bird/bird.conf",
    validator: "bird -p -c",
    wrong: [
      ["multiplier 3", "multiplier none"],
      ["protocol device {\n}", "protocol device {"],
      ["hold time 90", "hold tiem 90"],
      ["router id 0.0.0.1", "router id 0.0.0.256"],
      ["as 64496", "as 4294967296"],
      ["neighbor fd00:8000::11", "neighbor fd00:8000:::11"],
      ["from hosts {", "from host {"],
      ["bgp host_web2", "bgp host_web1"],
      ["2000::/3{12, 48}", "2000::/3{12, 148}"],
      ["{ table origins; }", "{ table origin; }"],
      ["roa_check(origins, net, bgp_path.last)", "roa_check(origins, net)"],
      ["max 44 as", "max 144 as"],
      ["route fd00:8000::/32 unreachable", "route fd00:8000::/129 unreachable"],
      ["receive limit 2000 action restart", "receive limit 2000 action retry"],
      ["!is_default() &&", "!is_defualt() &&"],
      ["(65535, 0)", "(65536, 0)"],
      ["function leave() {", "function leave(int) {"],
      ["next hop self;", "next hop own;"],
      ["bgp_local_pref = 0;", "bgp_local_pref = none;"],
      ["import none;", "import nothing;"],
      ["extended next hop on", "extended next hop always"],
      ["0.0.0.0/0{8, 24}", "0.0.0.0/0{8, 34}"],
      ["net !~ [ 192.0.2.11/32 ]", "net !~ [ 192.0.2.11/33 ]"],
    ],
  },
  {
    space: "router-2",
    file: "frr.conf",
    validator: "vtysh --dryrun --inputfile",
    wrong: [
      ["transmit-interval 200", "transmit-interval none"],
      ["receive-interval 200", "receive-interval 20000000"],
      ["router bgp 60362", "router bgp 4294967296"],
      ["bgp router-id 0.0.0.2", "bgp router-id 0.0.0.256"],
      ["update-delay 15", "update-delay 15000"],
      ["remote-as 4200000011", "remote-as web1"],
      ["neighbor fd00:8000::11 timers 30 90", "neighbor fd00:8000::11 timers 30"],
      ["timers connect 2", "timers connect 70000"],
      ["bfd profile fairhost", "bfd profiles fairhost"],
      ["address-family ipv6 unicast", "address-family ipv6 unicasts"],
      ["network fd00:8000::/64", "network fd00:8000::/129"],
      ["maximum-prefix 2000 restart 1", "maximum-prefix 0"],
      ["route-map hosts-out out", "route-map hosts-out outside"],
      ["next-hop-self force", "next-hop-self forced"],
      ["ipv6 prefix-list default seq 5 permit ::/0", "ipv6 prefix-list default seq 5 allow ::/0"],
      ["permit 2000::/3 ge 12 le 48", "permit 2000::/3 ge 12 le 148"],
      ["set local-preference 0", "set local-preferences 0"],
      ["call origins", "calls origins"],
      ["community-list standard leaving seq 5 permit", "community-list standard leaving seq 5 allow"],
      ["ipv6 route fd00:8000::/32 reject", "ipv6 route fd00:8000:::/32 reject"],
      ["ip route 192.0.2.0/24 reject", "ip route 192.0.2.0/33 reject"],
      ["capability extended-nexthop", "capability extended-nexthops"],
      ["permit 0.0.0.0/0 ge 8 le 24", "permit 0.0.0.0/0 ge 8 le 34"],
    ],
  },
];
