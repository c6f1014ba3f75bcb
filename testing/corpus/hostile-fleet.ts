import type { Draft } from "../inventory/wrong-inventory.cases.ts";
import { account, approve, type HostileCase, network, par1, web1, web2 } from "./corpus.ts";

const certificates = (directory: string) => `certificates:\n  directory: ${directory}\n  email: ops@example.com\n`;
const ca = "https://ca.example/directory";
const small = "plans/small.yaml";
const mailer = (more: string) => ({
  from: small,
  to: "plans/mailer.yaml",
  change: ["name: small", "name: mailer"] as const,
  more,
});
const secondPerson = "secondPerson: true\n";
const transit = "routers: [par1-router-1]\n";
const session = (router: string, address: string) =>
  `      - {router: ${router}, address: "${address}::2", neighbor: "${address}::1"}\n`;
const sessions = (...each: string[]) => `${transit}    sessions:\n${each.join("")}`;
const one = session("par1-router-1", "2001:db8:1");
const two = session("par1-router-2", "2001:db8:2");
const further = (more = "") =>
  `  - name: transit-6\n    asNumber: 64501\n    routers: [par1-router-1]\n${more}routers:\n  - name: par1-router-1`;

/** Each reached at an address for that alone: one that a host serves with is known to be its own. */
const [reached1, reached2] = ["2a00:b6e0:100::a11", "2a00:b6e0:100::a12"] as const;
const way = (address: string) => `ssh:\n  address: ${address}`;
const apart = (draft: Draft) =>
  (
    [
      [web1, "2a00:b6e0:100::11", reached1],
      [web2, "2a00:b6e0:100::12", reached2],
    ] as const
  ).reduce(
    (each, [host, from, to]) => each.edit(host, way(from), way(to)).edit("known_hosts", `${from} `, `${to} `),
    draft,
  );
const exchanged = (draft: Draft) =>
  draft.edit(web1, way(reached1), way(reached2)).edit(web2, way(reached2), way(reached1));

/** What a hostile author tries on what all accounts rest on, each with the nearest thing that is allowed. */
export const hostileFleet: Readonly<Record<string, HostileCase>> = {
  "another CA, which could give anybody a certificate for every name": {
    level: "needs approval",
    base: (draft) => draft.append(network, certificates(ca)),
    edit: (draft) => draft.edit(network, ca, "https://evil.example/directory"),
    twin: (draft) => draft.edit(network, "ops@example.com", "hostmaster@example.com"),
  },
  "no certificates any more": {
    level: "needs approval",
    base: (draft) => draft.append(network, certificates(ca)),
    edit: (draft) => draft.edit(network, certificates(ca), ""),
    twin: (draft) => draft.edit(network, `directory: ${ca}`, `directory: "${ca}"`),
  },
  "another platform domain, below which all accounts lose their names": {
    level: "needs approval",
    base: (draft) => draft.append(network, "platformDomain: hosted.example\n"),
    edit: (draft) => draft.edit(network, "hosted.example", "evil.example"),
    twin: (draft) => approve(draft.edit(network, "hosted.example", "other.example"), "renumber", "network 60362"),
  },
  "other operators, hidden behind another AS number": {
    level: "needs approval",
    edit: (draft) =>
      approve(
        draft.edit(network, "asNumber: 60362", "asNumber: 60363").edit(network, "asNumber: 64499", "asNumber: 64511"),
        "delete",
        "network 60362",
      ),
    twin: (draft) => draft.append(network, "# AS 60362 is ours.\n"),
  },
  "two operators that turn out to be of one owner": {
    level: "blocked",
    edit: (draft) => draft.edit(network, "asNumber: 64497\n", "asNumber: 64497\n    parentAsNumber: 64496\n"),
    twin: (draft) =>
      draft.edit(
        network,
        "routers:\n  - name: par1-router-1",
        "  - {name: transit-6, asNumber: 64501, parentAsNumber: 64496, routers: [par1-router-1]}\nrouters:\n  - name: par1-router-1",
      ),
  },
  "a BGP session with the author's machine, for an operator that had none": {
    level: "needs approval",
    edit: (draft) => draft.edit(network, transit, sessions(one)),
    twin: (draft) => approve(draft.edit(network, transit, sessions(one)), "trust", "network 60362"),
  },
  "a further session of an operator with the author's machine": {
    level: "needs approval",
    base: (draft) =>
      draft
        .edit(network, transit, sessions(one))
        .edit(network, "    routers: [par1-router-1]\n", "    routers: [par1-router-1, par1-router-2]\n"),
    edit: (draft) => draft.edit(network, one, one + two),
    twin: (draft) => draft.edit(network, "2001:db8:1::2", "2001:db8:1:0::2"),
  },
  "a new operator that is the author's machine": {
    level: "needs approval",
    edit: (draft) => draft.edit(network, "routers:\n  - name: par1-router-1", further(`    sessions:\n${one}`)),
    twin: (draft) => draft.edit(network, "routers:\n  - name: par1-router-1", further()),
  },
  "an operator at the router of another one": {
    level: "needs approval",
    edit: (draft) => draft.edit(network, "routers: [par1-router-2]", "routers: [par1-router-1]"),
    twin: (draft) => draft.edit(network, "routers: [par1-router-2]", "routers: [par1-router-2, par2-router-1]"),
  },
  "a hundred times the mails for a whole plan": {
    level: "needs approval",
    edit: (draft) => draft.append(small, "mailsPerMinute: 6000\n"),
    twin: (draft) => draft.append(small, "mailsPerMinute: 60\n"),
  },
  "connections to the outside without end for a whole plan": {
    level: "needs approval",
    edit: (draft) => draft.append(small, "outgoingConnections: 20000\noutgoingPerSecond: 1000\n"),
    twin: (draft) => approve(draft.append(small, "outgoingConnections: 20000\n"), "shrink", "plan small"),
  },
  "files without end, and the host's swap, for a whole plan": {
    level: "needs approval",
    edit: (draft) => draft.append(small, "inodes: 900000000\nswapMaxMb: 65536\n"),
    twin: (draft) => draft.edit(small, "tasksMax: 64", "tasksMax: 128"),
  },
  "a new plan with a hundred times the mails, and an account on it": {
    level: "needs approval",
    edit: (draft) => {
      const { from, to, change, more } = mailer("mailsPerMinute: 6000\n");
      account(draft.copy(from, to, [...change]).append(to, more), 1015, "par1-web2");
      draft.edit("accounts/1015-extra-1015.yaml", "plan: small", "plan: mailer");
    },
    twin: (draft) => {
      const { from, to, change, more } = mailer("mailsPerMinute: 60\n");
      account(draft.copy(from, to, [...change]).append(to, more), 1015, "par1-web2");
      draft.edit("accounts/1015-extra-1015.yaml", "plan: small", "plan: mailer");
    },
  },
  "a plan that no longer keeps room for its accounts when a host is lost": {
    level: "needs approval",
    base: (draft) => draft.append(small, "takeover: true\n"),
    edit: (draft) => draft.edit(small, "takeover: true", "takeover: false"),
    twin: (draft) => draft.append("plans/medium.yaml", "takeover: true\n"),
  },
  "a plan by another name that promises less, its accounts with it": {
    level: "needs approval",
    edit: (draft) => {
      draft
        .copy(small, "plans/tiny.yaml", ["name: small", "name: tiny"], ["tasksMax: 64", "tasksMax: 60"])
        .remove(small);
      for (const file of ["1001-bakery", "1002-choir", "1008-school", "1010-workshop", "1013-engraver"])
        draft.edit(`accounts/${file}.yaml`, "plan: small", "plan: tiny");
    },
    twin: (draft) => {
      draft.copy(small, "plans/tiny.yaml", ["name: small", "name: tiny"]).remove(small);
      for (const file of ["1001-bakery", "1002-choir", "1008-school", "1010-workshop", "1013-engraver"])
        draft.edit(`accounts/${file}.yaml`, "plan: small", "plan: tiny");
    },
  },
  "a hundred times the cores, on paper": {
    level: "needs approval",
    edit: (draft) => draft.edit(web1, "cores: 32", "cores: 3200"),
    twin: (draft) => approve(draft.edit(web1, "cores: 32", "cores: 64"), "weaken", "host par1-web1"),
  },
  "larger disks, on paper": {
    level: "needs approval",
    edit: (draft) => draft.replaceAll(web1, "sizeGb: 1920", "sizeGb: 19200"),
    twin: (draft) => approve(draft.replaceAll(web1, "sizeGb: 1920", "sizeGb: 2000"), "weaken", "host par1-web1"),
  },
  "more disk than the mirror has": {
    level: "blocked",
    edit: (draft) => draft.edit(web1, "diskGb: 1800", "diskGb: 18000"),
    twin: (draft) => approve(draft.edit(web1, "diskGb: 1800", "diskGb: 1850"), "weaken", "host par1-web1"),
  },
  "a site in another country, whose law applies to the data": {
    level: "needs approval",
    edit: (draft) => draft.edit(par1, "country: FR", "country: US"),
    twin: (draft) => draft.edit(par1, "city: Saint-Denis", "city: La Plaine Saint-Denis"),
  },
  "a site of a lower class": {
    level: "needs approval",
    edit: (draft) => draft.edit(par1, "availabilityClass: 3", "availabilityClass: 1"),
    twin: (draft) => draft.edit(par1, "availabilityClass: 3", "availabilityClass: 4"),
  },
  "a backup site that stands beside the data, on paper": {
    level: "blocked",
    edit: (draft) =>
      draft
        .edit("sites/bak1.yaml", "latitude: 48.7283", "latitude: 48.9500")
        .edit("sites/bak1.yaml", "longitude: 2.0592", "longitude: 2.3700"),
    twin: (draft) =>
      approve(draft.edit("sites/bak1.yaml", "latitude: 48.7283", "latitude: 48.7284"), "weaken", "site bak1"),
  },
  "no backup site": {
    level: "blocked",
    edit: (draft) => draft.edit(par1, "backupSite: bak1\n", ""),
    twin: (draft) => draft.edit(par1, "backupSite: bak1\n", "backupSite: bak1 # far away\n"),
  },
  "a backup host that is to run accounts": {
    level: "needs approval",
    edit: (draft) => draft.edit("hosts/bak1-backup1.yaml", "role: backup", "role: accounts"),
    twin: (draft) => draft.edit("hosts/bak1-backup1.yaml", "role: backup", "role: backup # of both sites"),
  },
  "the SSH addresses of two hosts exchanged": {
    level: "needs approval",
    base: apart,
    edit: exchanged,
    // Hosts of backups know hosts by their keys.
    twin: (draft) =>
      [
        ...["par1-web1", "par1-web2"].map((host) => ["trust", host] as const),
        ...["bak1-backup1", "bak1-backup2"].map((host) => ["open", host] as const),
      ].reduce((each, [action, host]) => approve(each, action, `host ${host}`), exchanged(draft)),
  },
  "a second person no longer wanted": {
    level: "needs approval",
    base: (draft) => draft.append("limits.yaml", secondPerson),
    edit: (draft) => draft.edit("limits.yaml", secondPerson, ""),
    twin: (draft) => draft.edit("limits.yaml", "hosts: 2", "hosts: 1"),
  },
  "the limits removed, so that larger defaults count": {
    level: "needs approval",
    edit: (draft) => draft.remove("limits.yaml"),
    twin: (draft) => draft.edit("limits.yaml", "deletions: 10", "deletions: 3"),
  },
  "a key for every name in known_hosts": {
    level: "needs approval",
    edit: (draft) =>
      draft.append(
        "known_hosts",
        "* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n",
      ),
    twin: (draft) => draft.append("known_hosts", "# Keys as printed on the consoles.\n"),
  },
  "a part of the shelf taken away": {
    level: "needs approval",
    edit: (draft) => draft.edit(par1, "count: 2", "count: 1"),
    twin: (draft) => draft.edit(par1, "count: 2", "count: 3"),
  },
  "packages removed that programs run on": {
    level: "needs approval",
    base: (draft) => draft.append(network, "runtimes: [ruby]\n"),
    edit: (draft) => draft.edit(network, "runtimes: [ruby]\n", ""),
    twin: (draft) => draft.edit(network, "runtimes: [ruby]\n", "runtimes: [ruby] # for the museum\n"),
  },
  "the name of a living router retired": {
    level: "blocked",
    edit: (draft) => draft.write("retired.yaml", "- {kind: router, name: par1-router-1, retired: 2026-11-22}\n"),
    twin: (draft) => draft.write("retired.yaml", "- {kind: router, name: par1-router-0, retired: 2026-11-22}\n"),
  },
};
