import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Changes a copy of a fleet, file by file. A change that does not match throws, because the case would test nothing. */
export class Draft {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  edit(file: string, from: string, to: string): this {
    const text = readFileSync(join(this.directory, file), "utf8");
    if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}`);
    return this.write(
      file,
      text.replace(from, () => to),
    );
  }

  /** Every place, not only the first. */
  replaceAll(file: string, from: string, to: string): this {
    const text = readFileSync(join(this.directory, file), "utf8");
    this.edit(file, from, to);
    return this.write(
      file,
      text.replaceAll(from, () => to),
    );
  }

  /** At the end. Indented text goes on with the list of HTTP servers, if the file has one, whatever examples stand after it. */
  append(file: string, text: string): this {
    const all = readFileSync(join(this.directory, file), "utf8");
    const [servers = ""] = text.startsWith(" ") ? (/^httpServers:\n(?:(?:[ #].*)?\n)*/m.exec(all) ?? []) : [];
    return this.write(file, servers === "" ? all + text : all.replace(servers, () => servers + text));
  }

  copy(from: string, to: string, ...changes: readonly [string, string][]): this {
    this.write(to, readFileSync(join(this.directory, from), "utf8"));
    for (const [before, after] of changes) this.edit(to, before, after);
    return this;
  }

  write(file: string, content: string | Uint8Array): this {
    writeFileSync(join(this.directory, file), content);
    return this;
  }

  folder(name: string): this {
    mkdirSync(join(this.directory, name));
    return this;
  }

  link(file: string, target: string): this {
    symlinkSync(target, join(this.directory, file));
    return this;
  }

  pipe(file: string): this {
    execFileSync("/usr/bin/mkfifo", [join(this.directory, file)]);
    return this;
  }

  move(from: string, to: string): this {
    renameSync(join(this.directory, from), join(this.directory, to));
    return this;
  }

  remove(file: string): this {
    rmSync(join(this.directory, file));
    return this;
  }
}

const alice = "accounts/1-alice.yaml";
const bob = "accounts/2-bob.yaml";
const carol = "accounts/3-carol.yaml";
const web1 = "hosts/web1.yaml";
const web2 = "hosts/web2.yaml";

const erin = (number: number) => `number: ${number}\nname: erin-${number}\nplan: small\nhost: web1\n`;

/** Kinds of wrong inventory: each is one small change to the lab's fleet. The golden file has the messages. */
export const wrongInventories: Readonly<Record<string, (draft: Draft) => unknown>> = {
  // The text of a file
  "empty file": (draft) => draft.write(alice, ""),
  "only a comment": (draft) => draft.write(alice, "# later\n"),
  "syntax: bracket not closed": (draft) => draft.edit(alice, "[blog.alice.test]", "[blog.alice.test"),
  "syntax: tab as indentation": (draft) => draft.edit(alice, "    number: 1", "\tnumber: 1"),
  "syntax: wrong indentation": (draft) => draft.edit(alice, "plan: small", " plan: small"),
  "syntax: an address that ends in a colon": (draft) => draft.edit(web1, "fd00:8000::11", "fd00:8000::"),
  "deeply nested, but closed": (draft) => draft.write(alice, `name: ${"[".repeat(200)}${"]".repeat(200)}`),
  "syntax: deeply nested brackets": (draft) => draft.write(alice, `name: ${"[".repeat(50_000)}`),
  "deeply nested lists on one line": (draft) => draft.write(alice, `${"- ".repeat(200)}a\n`),
  "more brackets than memory": (draft) => draft.write(alice, `name: ${"[".repeat(2_000_000)}`),
  "more words than memory": (draft) => draft.write(alice, `name: [${"[],".repeat(1_000_000)}1]\n`),
  "a zero byte in a comment, for which git shows no line of the file": (draft) => draft.append(alice, "# \0\n"),
  "a carriage return that hides a line in a comment": (draft) => draft.append(alice, "# note\rprotect: false\n"),
  "a comment that shows in another order": (draft) => draft.append(alice, "# \u202e eslaf :tcetorp\n"),
  "a line separator": (draft) => draft.append(alice, "# note\u2028protect: false\n"),
  "a second byte order mark": (draft) => draft.append(alice, "\ufeffprotect: false\n"),
  "a byte order mark before a file": (draft) => draft.edit(alice, "# yaml", "\ufeff# yaml"),
  "a byte order mark before known_hosts": (draft) => draft.write("known_hosts", "\ufeff# note\n"),
  "a zero byte in known_hosts": (draft) => draft.write("known_hosts", "# note\n# \0\n"),
  "a merge conflict that is not resolved": (draft) =>
    draft.edit(alice, "plan: small\n", "<<<<<<< HEAD\nplan: small\n=======\nplan: large\n>>>>>>> main\n"),
  "a marker of a merge conflict that was left": (draft) => draft.append(alice, ">>>>>>> main\n"),
  "a merge conflict in known_hosts": (draft) =>
    draft.write("known_hosts", "<<<<<<< HEAD\nweb1 ssh-ed25519 AAAA\n=======\n>>>>>>> main\n"),
  "retired names that nothing can have, and one that is there twice": (draft) =>
    draft.write(
      "retired.yaml",
      `- {kind: router, name: Router-1, retired: 2026-11-22}
- {kind: range, name: web9, retired: 2026-11-22}
- {kind: range, name: "fd00:8000:9::/48", retired: 2026-11-22}
- {kind: range, name: "FD00:8000:0009::/48", retired: 2026-11-22}
- {kind: host, name: web9, retired: 2026-11-22}
- {kind: site, name: web9, retired: 2026-11-22}
- {kind: host, name: web9, retired: 2026-11-23}
`,
    ),
  "the same key twice": (draft) => draft.edit(alice, "plan: small\n", "plan: small\nplan: small\n"),
  "several documents": (draft) => draft.append(alice, "---\nname: second\n"),
  "an alias": (draft) => draft.edit(alice, "name: alice", "name: &x alice").edit(alice, "name: blog", "name: *x"),
  "a bomb of aliases": (draft) =>
    draft.write(alice, `a: &a [x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f", "g", "h", "i"].map(bomb).join("")}`),
  "a tag": (draft) => draft.edit(alice, "name: alice", "name: !!binary YWxpY2U="),
  "a %YAML directive": (draft) => draft.write(alice, `%YAML 1.1\n---\n${"name: alice\n"}`),
  "a key that is not a word": (draft) => draft.append(alice, "? [a, b]\n: c\n"),
  "a key that means something to JavaScript": (draft) => draft.append(alice, "__proto__: {}\n"),
  "a number in hexadecimal": (draft) => draft.edit(alice, "number: 1\n", "number: 0x10\n"),
  "a number with a leading zero": (draft) => draft.edit(alice, "number: 1\n", "number: 010\n"),
  "a zero with a minus": (draft) => draft.edit(alice, "number: 1\n", "number: -0\n"),
  "a number with more digits than are kept": (draft) => draft.edit(alice, "number: 1\n", "number: 9007199254740993\n"),
  "a fraction with more digits than are kept": (draft) =>
    draft.edit("sites/lab.yaml", "latitude: 48.8566", "latitude: 48.85660000000000001"),
  "a number with an exponent": (draft) => draft.edit(alice, "number: 1\n", "number: 1e3\n"),
  "not UTF-8": (draft) => draft.write(alice, Buffer.from("number: 1\nname: al\xefce\n", "latin1")),

  // Files and directories
  "no network.yaml": (draft) => draft.remove("network.yaml"),
  "a file in no known place": (draft) => draft.write("alice.yaml", "name: alice\n"),
  "a directory with a slip in its name": (draft) => draft.folder("acounts"),
  "a wrong extension": (draft) => draft.copy(alice, "accounts/5-erin.yml"),
  "a directory inside accounts": (draft) => draft.folder("accounts/old"),
  "a directory named like a file": (draft) => draft.folder("accounts/old.yaml"),
  "two files whose names differ in case alone": (draft) =>
    draft.write("accounts/5-erin.yaml", erin(5)).write("accounts/5-Erin.yaml", erin(6)),
  "two files whose names differ in how an accent is written": (draft) =>
    draft.write("accounts/caf\u00e9.yaml", erin(5)).write("accounts/cafe\u0301.yaml", erin(6)),
  "a file name that shows in another order": (draft) => draft.move(alice, "accounts/1-\u202elmay.ecila.yaml"),
  "a file name of two lines": (draft) => draft.move(alice, "accounts/1-alice.yaml: fine\nx.yaml"),
  "a site's file in another case": (draft) => draft.move("sites/lab.yaml", "sites/LAB.yaml"),
  "a host's file in another case": (draft) => draft.move(web1, "hosts/WEB1.yaml"),
  "a symlink out of the directory": (draft) => draft.link("accounts/5-erin.yaml", "/etc/hostname"),
  "a broken symlink": (draft) => draft.link("accounts/5-erin.yaml", "nowhere.yaml"),
  "a symlink to a page, under whose name nobody looks for approvals": (draft) =>
    draft.write("notes.md", "[]\n").link("approvals.yaml", "notes.md"),
  "a folder that is a symlink": (draft) => draft.move("accounts", ".accounts").link("accounts", ".accounts"),
  "a pipe": (draft) => draft.remove(alice).pipe(alice),
  "a device": (draft) => draft.remove(alice).link(alice, "/dev/zero"),
  "a file far too large": (draft) => draft.append(alice, `#${" ".repeat(5_000_000)}\n`),
  "a host's file with another name": (draft) => draft.edit(web2, "name: web2", "name: web3"),
  "a host's file copied, its name forgotten": (draft) => draft.edit(web2, "name: web2", "name: web1"),

  // Types and shapes
  "a list instead of a map": (draft) => draft.write(alice, "- name: alice\n"),
  "text instead of a map": (draft) => draft.write(alice, "alice\n"),
  "a quoted number": (draft) => draft.edit(alice, "number: 1\n", 'number: "1"\n'),
  "a fraction for a whole number": (draft) => draft.edit(alice, "number: 1\n", "number: 1.5\n"),
  "a number out of range": (draft) => draft.edit(alice, "number: 1\n", "number: 65536\n"),
  "yes for true": (draft) => draft.edit(web1, "hotSwap: true", "hotSwap: yes"),
  "a number for text": (draft) => draft.edit(alice, "plan: small", "plan: 5"),
  "text instead of a list": (draft) => draft.edit(alice, "[blog.alice.test]", "blog.alice.test"),
  "nothing behind a key": (draft) => draft.edit(alice, "plan: small", "plan:"),
  "a missing key": (draft) => draft.edit(alice, "plan: small\n", ""),
  "a missing key with few values": (draft) => draft.edit(web1, "release: trixie\n", ""),
  "an unknown key, nearly right": (draft) => draft.edit(alice, "plan:", "plans:"),
  "an unknown key of an HTTP server": (draft) => draft.edit(alice, "idleSeconds: 10", "idleSecond: 10"),
  "an unknown key of what is guaranteed": (draft) => draft.append("plans/small.yaml", "guaranteed:\n  core: 1\n"),
  "a key of the other kind of HTTP server": (draft) => draft.append(alice, "    command: [/usr/bin/node]\n"),
  "an unknown kind": (draft) => draft.edit(alice, "kind: static", "kind: statik"),
  "no kind": (draft) => draft.edit(alice, "    kind: static\n", ""),
  "an unknown Debian release": (draft) => draft.edit(web1, "trixie", "trixy"),
  "a retention that is not offered": (draft) => draft.edit("plans/small.yaml", "retentionDays: 7", "retentionDays: 8"),
  "an empty list": (draft) => draft.edit(bob, "[/usr/bin/python3, app.py]", "[]"),
  "a name in capitals": (draft) => draft.edit(alice, "name: alice", "name: Alice"),
  "a name too long": (draft) => draft.edit(alice, "name: blog", `name: ${"b".repeat(25)}`),
  "a host name without a dot": (draft) => draft.edit(alice, "blog.alice.test", "localhost"),
  "a host name with a dot at its end": (draft) => draft.edit(alice, "blog.alice.test", "blog.alice.test."),
  "a host name in Unicode": (draft) => draft.edit(alice, "blog.alice.test", "Bücher.alice.test"),
  "a host name with a wildcard": (draft) => draft.edit(alice, "blog.alice.test", "'www.*.alice.test'"),
  "a wildcard for a whole top-level domain": (draft) => draft.edit(alice, "blog.alice.test", "'*.test'"),
  "an address without a path": (draft) =>
    draft.edit(
      alice,
      "kind: static",
      "kind: static\n    addresses: [alice.test/a/../b, https://alice.test/shop, alice.test]",
    ),
  "a whole URL for a host name": (draft) => draft.edit(alice, "blog.alice.test", "'https://Blog.alice.test:80/x'"),
  "an underscore in a host name": (draft) => draft.edit(alice, "blog.alice.test", "my_blog.alice.test"),
  "an address for a host name": (draft) => draft.edit(alice, "blog.alice.test", "192.0.2.1"),
  "a path out of the home": (draft) => draft.append(alice, "    root: ../bob/www\n"),
  "times of a task as cron writes them": (draft) =>
    draft.append(
      "accounts/3-carol.yaml",
      "tasks:\n  - {name: tidy, command: [bin/tidy], calendar: 0 3 * * *, timeZone: Paris}\n",
    ),
  "tasks with two beginnings, with none, and near a limit at times": (draft) =>
    draft.append(
      "accounts/3-carol.yaml",
      `tasks:
  - {name: both, command: [bin/tidy], calendar: daily, threshold: {of: disk, percent: 90}}
  - {name: none, command: [bin/tidy]}
  - {name: zone, command: [bin/tidy], timeZone: Europe/Paris, threshold: {of: cpu, percent: 10}}
  - {name: late, command: [bin/tidy], persistent: true, threshold: {of: memory, percent: 100}}
`,
    ),
  "a start directory out of the home": (draft) => draft.append(bob, "    directory: /etc\n"),
  "a newline in a command": (draft) => draft.edit(bob, "app.py]", '"app.py\\nUser=root"]'),
  "a variable with a hyphen": (draft) => draft.append(bob, "    environment: {my-path: /tmp}\n"),
  "an invalid date": (draft) => draft.edit("tombstones.yaml", "2026-11-02", "2026-02-30"),
  "not an IPv6 address": (draft) => draft.edit(web1, "fd00:8000::11", "192.0.2.11"),
  "host bits in a prefix": (draft) => draft.edit("network.yaml", "fd00:8000::/32", "fd00:8000::1/32"),
  "a site's prefix of another length": (draft) => draft.edit("sites/lab.yaml", "fd00:8000::/48", "fd00:8000::/56"),
  "an SSH address with an option in it": (draft) => draft.edit(web1, "address: 127.0.0.1", "address: -oProxyCommand=x"),

  "an SSH address with a port in it": (draft) => draft.edit(web1, "address: 127.0.0.1", "address: web1.example.org:22"),

  // References
  "an unknown plan": (draft) => draft.edit(alice, "plan: small", "plan: smal"),
  "an unknown host": (draft) => draft.edit(alice, "host: web1", "host: db7"),
  "an unknown site": (draft) => draft.edit(web1, "site: lab", "site: paris"),
  "an unknown hall": (draft) => draft.edit(web1, "hall: hall-1", "hall: hall-2"),
  "an unknown rack": (draft) => draft.edit(web1, "rack: rack-1", "rack: rack-9"),
  "an unknown chain": (draft) => draft.edit(web1, "chain: b", "chain: c"),
  "an unknown switch": (draft) => draft.edit(web1, "switch: switch-b", "switch: switch-c"),
  "a mirror of a missing disk": (draft) => draft.edit(web1, "disks: [vda, vdb]", "disks: [vda, vdc]"),
  "a mirror of one disk twice": (draft) => draft.edit(web1, "disks: [vda, vdb]", "disks: [vda, vda]"),
  "a router at an unknown site": (draft) => draft.edit("network.yaml", "site: lab", "site: lap"),
  "a router in an unknown rack": (draft) => draft.edit("network.yaml", "rack: rack-1", "rack: rack-7"),
  "a switch in an unknown hall": (draft) =>
    draft.edit(
      "network.yaml",
      "name: switch-b\n    site: lab\n    hall: hall-1",
      "name: switch-b\n    site: lab\n    hall: hall-8",
    ),
  "a missing chain of a router": (draft) => draft.edit("network.yaml", "chain: b", "chain: c"),
  "an uplink to an unknown router": (draft) => draft.edit("network.yaml", "router: router-1", "router: router-7"),
  "a pair of an unknown switch": (draft) => draft.edit("network.yaml", "pair: switch-b", "pair: switch-c"),
  "a link to an unknown router": (draft) =>
    draft.edit("network.yaml", "address: fd00:8000::1\n", "address: fd00:8000::1\n    links: [router-5]\n"),
  "an operator on an unknown router": (draft) =>
    draft.append("network.yaml", "operators:\n  - {name: transit, asNumber: 64500, routers: [router-9]}\n"),
  "a session of an operator with a router that it is not connected to": (draft) =>
    draft.append("network.yaml", `operators:\n${operatorAt("router-9")}`),
  "a backup at an unknown site": (draft) => draft.append("sites/lab.yaml", "backupSite: elsewhere\n"),
  "a missing standby host": (draft) => draft.edit(alice, "host: web1", "host: web1\nstandby: web7"),
  "a waiver for a missing host": (draft) => draft.write("waivers.yaml", waiver("host web9")),
  "a waiver for an unknown kind": (draft) => draft.write("waivers.yaml", waiver("computer web1")),
  "a waiver without a reason": (draft) =>
    draft.write("waivers.yaml", waiver("host web1").replace("until the new disk is here", "later")),
  "a waiver twice": (draft) => draft.write("waivers.yaml", waiver("host web1").repeat(2)),
  "an approval of an action that needs none": (draft) =>
    draft.write("approvals.yaml", approval("account 3").replace("delete", "create")),
  "an approval without a name": (draft) => draft.write("approvals.yaml", approval("account")),
  "an approval without a person": (draft) =>
    draft.write("approvals.yaml", approval("account 3").replace("approvedBy: Grace, ", "")),
  "an approval by a person who does not show": (draft) =>
    draft.write("approvals.yaml", approval("account 3").replace("Grace", '"\\u200b"')),
  "an approval for a reason of spaces": (draft) =>
    draft.write("approvals.yaml", approval("account 3").replace("the contract has ended", `"${" ".repeat(12)}"`)),
  "an approval twice": (draft) => draft.write("approvals.yaml", approval("account 3").repeat(2)),
  "a limit of nothing": (draft) => draft.write("limits.yaml", "hosts: 0\n"),
  "an unknown limit": (draft) => draft.write("limits.yaml", "host: 2\ndeployment: slowly\n"),
  "an unknown promise": (draft) => draft.edit("plans/small.yaml", "[disk, supply", "[dusk, supply"),

  // Given twice
  "an account number twice": (draft) => draft.edit(bob, "number: 2", "number: 1"),
  "the number of a deleted account": (draft) => draft.edit(bob, "number: 2", "number: 9"),
  "a deleted account twice": (draft) =>
    draft.append("tombstones.yaml", "- {number: 9, name: judy, deleted: 2026-11-03}\n"),
  "an account name twice": (draft) => draft.edit(bob, "name: bob", "name: alice"),
  "a host name of two accounts": (draft) => draft.edit(carol, "www.carol.test", "blog.alice.test"),
  "an HTTP server's name and number twice": (draft) =>
    draft.append(alice, "  - {name: blog, number: 1, kind: static, hostnames: [two.alice.test]}\n"),
  "a host's address twice": (draft) => draft.edit(web2, "fd00:8000::12", "fd00:8000:0:0:0::11"),
  "the router's address": (draft) => draft.edit(web2, "fd00:8000::12", "fd00:8000::1"),
  "an AS number twice": (draft) => draft.edit(web2, "4200000012", "4200000011"),
  "a disk's serial twice": (draft) => draft.edit(web2, "web2-a", "web1-a"),
  "a slot twice": (draft) => draft.edit(web1, "slot: vdb", "slot: vda"),
  "a mount point twice": (draft) => draft.edit(web1, "mount: /srv/accounts", "mount: /"),
  "a power supply twice": (draft) => draft.edit(web1, "name: psu2", "name: psu1"),
  "a port twice": (draft) => draft.edit(web1, "port: eth1", "port: eth0"),
  "an SSH address twice": (draft) => draft.edit(web2, "port: 2202", "port: 2201"),
  "a switch twice": (draft) => draft.edit("network.yaml", "name: switch-b", "name: switch-a"),
  "a switch port twice": (draft) => draft.edit(web2, "Ethernet2", "Ethernet1"),
  "a host in the port of a switch's uplink": (draft) =>
    draft.edit("network.yaml", "port: Ethernet49", "port: Ethernet2"),
  "a switch port twice, in another spelling": (draft) => draft.edit(web2, "Ethernet2", "ethernet1"),
  "a switch port twice, shortened and with a zero": (draft) => draft.edit(web2, "Ethernet2", "Eth01"),
  "a switch port twice, without its hyphen": (draft) => draft.edit(web2, "xe-0/0/2", "xe0/0/01"),
  "an SSH address twice, in another spelling": (draft) =>
    draft
      .edit(web1, "address: 127.0.0.1\n  port: 2201", 'address: "2A00:B6E0:100:0::12"')
      .edit(web2, "address: 127.0.0.1\n  port: 2202", 'address: "2a00:b6e0:100::12"'),
  "an SSH address twice, in capitals": (draft) =>
    draft
      .edit(web1, "address: 127.0.0.1\n  port: 2201", "address: One.example.org")
      .edit(web2, "address: 127.0.0.1\n  port: 2202", "address: one.Example.org"),
  "an SSH host key of two hosts": (draft) =>
    draft.write(
      "known_hosts",
      [2201, 2202].map((port) => `[127.0.0.1]:${port} ssh-ed25519 ${"A".repeat(68)}\n`).join(""),
    ),
  "a chassis twice, in another spelling": (draft) => draft.edit(web2, "serial: lab-web2", "serial: LAB_WEB.1"),
  "a disk's serial twice, without its hyphen": (draft) => draft.edit(web2, "serial: web2-a", "serial: web1a"),
  "a disk's serial twice, in another spelling": (draft) => draft.edit(web2, "serial: web2-a", "serial: WEB1-A"),
  "a manufacturer in two spellings": (draft) => draft.edit(web2, "manufacturer: qemu", "manufacturer: q-emu"),
  "a model in two spellings": (draft) => draft.edit(web2, "model: QEMU virtual machine", "model: qemu Virtual-Machine"),
  "a model with a Cyrillic letter": (draft) => draft.edit(web2, "model: QEMU virtio", "model: QEM\u0421 virtio"),
  "a model with a character that does not show": (draft) =>
    draft.edit(web2, "model: QEMU virtio", "model: QEMU\u200b virtio"),
  "a disk's serial with a fullwidth letter": (draft) => draft.edit(web2, "serial: web2-a", "serial: \uff37eb1-a"),
  "a model of two manufacturers": (draft) => draft.edit(web2, "manufacturer: qemu", "manufacturer: bochs"),
  "feeds in two spellings": (draft) => draft.edit("sites/lab.yaml", "feed: feed-south", "feed: feednorth"),
  "a manufacturer with a letter too few": (draft) =>
    draft.edit("network.yaml", "manufacturer: juniper", "manufacturer: arist"),
  "a feed with a letter too few": (draft) => draft.edit("sites/lab.yaml", "feed: feed-south", "feed: feed-nort"),
  "a manufacturer with two swapped letters": (draft) =>
    draft.edit("network.yaml", "manufacturer: juniper", "manufacturer: arsita"),
  "a model with a letter too many": (draft) =>
    draft.edit(web2, "model: QEMU virtual machine", "model: QEMU virtuall machine"),
  "a model with two swapped letters": (draft) =>
    draft.edit(web2, "model: QEMU virtual machine", "model: QEMU vritual machine"),
  "a hall with a letter doubled": (draft) =>
    draft.edit(
      "sites/lab.yaml",
      "halls:\n",
      "halls:\n  - {name: halll-1, chains: [{name: a, feed: feed-north}], racks: [{name: rack-1}]}\n",
    ),
  "a rack with a letter too few, and one by another number": (draft) =>
    draft.edit("sites/lab.yaml", "- name: rack-1\n", "- name: rack-1\n      - name: rak-1\n      - name: rack-11\n"),
  "a chain with a letter too few": (draft) =>
    draft.edit(
      "sites/lab.yaml",
      "feed: feed-south\n",
      "feed: feed-south\n      - {name: north, feed: feed-a}\n      - {name: nort, feed: feed-b}\n",
    ),
  "a site with a letter doubled": (draft) =>
    draft
      .edit("network.yaml", "fd00:8000::/32", "fd00:8000::/32\n  - fd00:8001::/32")
      .copy("sites/lab.yaml", "sites/labb.yaml", ["name: lab", "name: labb"], ["fd00:8000::/48", "fd00:8001::/48"]),
  "an operator's name in two spellings": (draft) =>
    draft.append(
      "network.yaml",
      `operators:\n${["level-3", "level3"].map((name, index) => `  - {name: ${name}, asNumber: ${64500 + index}, routers: [router-1]}\n`).join("")}`,
    ),
  "a provider with a wrong letter": (draft) =>
    draft
      .edit("network.yaml", "fd00:8000::/32", "fd00:8000::/32\n  - fd00:8001::/32")
      .copy(
        "sites/lab.yaml",
        "sites/lab2.yaml",
        ["name: lab", "name: lab2"],
        ["fd00:8000::/48", "fd00:8001::/48"],
        ["provider: lab", "provider: equinx"],
      )
      .edit("sites/lab.yaml", "provider: lab", "provider: equinix"),
  "an operator's name with a wrong letter": (draft) =>
    draft.append(
      "network.yaml",
      `operators:\n${["cogent", "cogend"].map((name) => `  - {name: ${name}, asNumber: 64500, routers: [router-1]}\n`).join("")}`,
    ),
  "an operator with the fleet's own AS number": (draft) =>
    draft.append("network.yaml", "operators:\n  - {name: transit, asNumber: 60362, routers: [router-1]}\n"),
  "an operator with one router twice": (draft) =>
    draft.append("network.yaml", "operators:\n  - {name: transit, asNumber: 64500, routers: [router-1, router-1]}\n"),
  "a router linked to itself, twice": (draft) =>
    draft.edit("network.yaml", "address: fd00:8000::1\n", "address: fd00:8000::1\n    links: [router-1, router-1]\n"),
  "a spare part in two entries": (draft) =>
    draft.append("sites/lab.yaml", "spares: [{ model: SSD 1, count: 1 }, { model: ssd-1, count: 1 }]\n"),
  "a chassis twice": (draft) => draft.edit(web2, "serial: lab-web2", "serial: lab-web1"),
  "an operator twice": (draft) =>
    draft.append(
      "network.yaml",
      `operators:\n${"  - {name: transit, asNumber: 64500, routers: [router-1]}\n".repeat(2)}`,
    ),
  "two sessions of an operator with one router": (draft) =>
    draft.append("network.yaml", `operators:\n${operatorAt("router-1")}${sessionAt("router-1")}`),
  "an IPv4 address twice": (draft) =>
    draft
      .append("network.yaml", "prefixes4: [192.0.2.0/24]\n")
      .append("sites/lab.yaml", "prefix4: 192.0.2.0/25\n")
      .append(web1, "address4: 192.0.2.1\n")
      .append(web2, "address4: 192.0.2.1\n"),
  "a chain twice": (draft) => draft.edit("sites/lab.yaml", "- name: b", "- name: a"),

  // Addresses and numbers that do not fit
  "a site's prefix that is not owned": (draft) => draft.edit("network.yaml", "fd00:8000::/32", "fd00:9000::/32"),
  "two sites with one prefix": (draft) => draft.copy("sites/lab.yaml", "sites/lab2.yaml", ["name: lab", "name: lab2"]),
  "owned prefixes that overlap": (draft) =>
    draft.edit("network.yaml", "  - fd00:8000::/32\n", "  - fd00:8000::/32\n  - fd00:8000:5::/48\n"),
  "a host's address in an account's subnet": (draft) => draft.edit(web1, "fd00:8000::11", "fd00:8000:0:1::11"),
  "a host's address in another site": (draft) => draft.edit(web1, "fd00:8000::11", "fd00:8000:1::11"),
  "the anycast address": (draft) => draft.edit(web1, "fd00:8000::11", '"fd00:8000::"'),
  "an IPv4 address without a range": (draft) => draft.append(web1, "address4: 192.0.2.1\n"),
  "an IPv4 address out of its site's range": (draft) =>
    draft
      .append("network.yaml", "prefixes4: [192.0.2.0/24]\n")
      .append("sites/lab.yaml", "prefix4: 192.0.2.0/25\n")
      .append(web1, "address4: 192.0.2.200\n"),
  "an IPv4 range that is not owned": (draft) => draft.append("sites/lab.yaml", "prefix4: 192.0.2.0/25\n"),
  "owned IPv4 ranges that overlap": (draft) =>
    draft.append("network.yaml", "prefixes4: [192.0.2.0/24, 192.0.2.128/25]\n"),
  "host bits in an IPv4 range": (draft) => draft.append("network.yaml", "prefixes4: [192.0.2.1/24]\n"),
  "an emulated site with public addresses": (draft) =>
    draft
      .edit("sites/lab.yaml", "fd00:8000::/48", "2001:db8::/48")
      .edit("network.yaml", "fd00:8000::/32", "2001:db8::/32"),
  "a management controller in an account's subnet": (draft) => draft.edit(web1, "fd00:8000::b1", "fd00:8000:0:1::b1"),
  "a public AS number for a host": (draft) => draft.edit(web1, "4200000011", "64496"),
  // Somebody wrote the password itself: it is not repeated.
  "a plain password, a weak hash, and a number": (draft) =>
    draft.append(
      alice,
      `users:
  - name: ada
    passwordHash: hunter2-hunter2
  - name: bob
    passwordHash: $6$F5Jx5fExrKuPp53x$YAXMK9Llbqk
  - name: eve
    passwordHash: 12345678
`,
    ),
};

function waiver(resource: string): string {
  return `- {rule: two-disks, resource: ${resource}, owner: Ada, reason: until the new disk is here, expires: 2026-12-01}\n`;
}

function approval(resource: string): string {
  return `- {action: delete, resource: ${resource}, approvedBy: Grace, reason: the contract has ended, expires: 2026-12-01}\n`;
}

/** An operator that is connected to router-1, with a session. */
function operatorAt(session: string): string {
  return `  - name: transit\n    asNumber: 64500\n    routers: [router-1]\n    sessions:\n${sessionAt(session)}`;
}

function sessionAt(router: string): string {
  return `      - {router: ${router}, address: "2001:db8::2", neighbor: "2001:db8::1"}\n`;
}

/** One line of a bomb: nine times the line before. */
function bomb(letter: string): string {
  const before = String.fromCharCode(letter.charCodeAt(0) - 1);
  return `${letter}: &${letter} [${Array(9).fill(`*${before}`).join(",")}]\n`;
}
