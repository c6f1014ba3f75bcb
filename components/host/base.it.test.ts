import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { lookAtClock } from "../../host/inspect/checks/clock.ts";
import type { Machine } from "../../host/os/machine.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { Tree } from "../../testing/fakes/host-tree.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";
import { chrony } from "../time/chrony.host.ts";
import { modprobe, modulesDeniedBy } from "./modprobe.host.ts";

/** A host that asks two servers for the time: one signs its answers, the other one does not. */
let host: ContainerHost;
const sh = (command: string) => succeed(host, command);

const base = declarationOf([]);
const networks = base.networks.map((network) => ({
  ...network,
  timeServers: [
    { name: "signs.example", nts: true },
    { name: "forges.example", nts: true },
  ],
}));
const bundle = renderBundle({ ...base, networks }, "web1");
const contentOf = (path: string) => bundle.groups.host!.files.find((file) => file.path === path)?.content ?? "";

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 120_000; performance.now() < end; await sleep(200)) if (await holds()) return;
  throw new Error(`not seen in two minutes: ${what}`);
}

beforeAll(async () => {
  host = await bootContainer({ name: "base" });
  await sh(`ip netns add outside
    ip link add eth0 type veth peer name eth0 netns outside
    ip link set eth0 up && ip -6 address add fd00:8000::11/64 dev eth0 nodad
    ip netns exec outside sh -c 'ip link set lo up; ip link set eth0 up
      ip -6 address add fd00:8000::a/64 dev eth0 nodad; ip -6 address add fd00:8000::b/64 dev eth0 nodad'
    printf 'fd00:8000::a signs.example\\nfd00:8000::b forges.example\\n' >>/etc/hosts
    cd /run && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=signs.example \\
      -addext subjectAltName=DNS:signs.example -keyout key.pem -out cert.pem 2>/dev/null
    cp cert.pem /usr/local/share/ca-certificates/signs.crt && update-ca-certificates >/dev/null 2>&1
    printf 'local stratum 3\\nallow\\nbindaddress fd00:8000::a\\ncmdport 0\\nuser root\\nbindcmdaddress /\\npidfile /run/a.pid\\nntsservercert /run/cert.pem\\nntsserverkey /run/key.pem\\n' >a.conf
    printf 'local stratum 3\\nallow\\nbindaddress fd00:8000::b\\ncmdport 0\\nuser root\\nbindcmdaddress /\\npidfile /run/b.pid\\n' >b.conf
    for each in a b; do systemd-run --quiet --unit=time-$each ip netns exec outside chronyd -d -x -f /run/$each.conf; done`);
  await placeBundle(host, bundle);
}, 300_000);
afterAll(() => host?.stop());

test("the clock's daemon believes the server that signs, through the host's firewall, and no other", async () => {
  await until("a server that is believed", async () => /^\^\* signs\.example /m.test(await sh("chronyc -N sources")));
  expect(await sh("chronyc -N authdata")).toMatch(/^signs\.example +NTS +[1-9]/m);
  expect(await sh("chronyc -N sources")).toMatch(/^\^\? forges\.example .* 0 /m);
}, 180_000);

test("drift is silent about a clock that follows a server, and says since when one does not", async () => {
  using tree = new Tree();
  mkdirSync(tree.at("/run/chrony"), { recursive: true });
  const pid = "/run/chrony/chronyd.pid";
  const started = Number(await sh(`stat -c %Y ${pid}`));
  writeFileSync(tree.at(pid), "");
  utimesSync(tree.at(pid), started, started);
  const run: Machine["run"] = async (program, args) => {
    const { exitCode, stdout, stderr } = await host.run([program, ...args]);
    return { status: exitCode, stdout, stderr };
  };
  const facts = { timeServers: networks[0]!.timeServers.map(({ name }) => name) };
  const look = (hours: number) =>
    lookAtClock({ ...tree.machine({ live: true }), run }, bundle, facts, Date.now() + hours * 3_600_000);
  expect(await look(0)).toEqual([]);
  const [later, ...others] = await look(4);
  expect(others).toEqual([]);
  expect(later!.message).toContain("follows no server since 20");
  expect(later!.message).toContain("declared ones (signs.example, forges.example)");
});

test("in a container the clock is left alone, and nobody asks the host for the time", async () => {
  const pid = (await sh(`systemctl show -P MainPID ${chrony.entry.unit}`)).trim();
  expect(await sh(`tr '\\0' ' ' </proc/${pid}/cmdline`)).toContain("chronyd -F 1 -f /etc/chrony/chrony.conf -x");
  expect(await sh(`ss -Hlunp | grep ':123 ' | grep -c pid=${pid}, || :`)).toBe("0\n");
});

test("its configuration is refused by the program itself if it is wrong", async () => {
  await host.writeFile("/run/wrong.conf", contentOf(chrony.entry.file).replace("authselectmode", "authselectmod"));
  const [program, ...args] = chrony.validator;
  expect((await host.run([program, ...args, "/run/wrong.conf"])).exitCode).not.toBe(0);
  expect((await host.run([program, ...args, `/var/lib/fairhost/current/${chrony.entry.file}`])).exitCode).toBe(0);
});

/** Folders of Debian's kernel with what hosts are made of. */
const needed = [
  ...["drivers/ata", "drivers/md", "drivers/net/bonding", "drivers/net/ethernet", "drivers/nvme", "drivers/scsi"],
  ...[
    "drivers/char/ipmi",
    "drivers/virtio",
    "drivers/block",
    "fs/ext4",
    "fs/fat",
    "fs/fuse",
    "fs/overlayfs",
    "fs/quota",
  ],
  ...["net/8021q", "net/bridge", "net/ipv4/netfilter", "net/ipv6/netfilter", "net/netfilter", "net/sched", "net/tls"],
];

test("nothing that a host is made of needs a denied module, and each is one of Debian's kernel", async () => {
  const denied = modulesDeniedBy(contentOf(modprobe.linksTo));
  expect(denied.length).toBeGreaterThan(40);
  const listed = await sh("cat /usr/lib/modules/*/modules.dep /usr/lib/modules/*/modules.builtin");
  const nameOf = (path: string) => /([^/]+)\.ko/.exec(path)?.[1]?.replaceAll("-", "_") ?? path;
  const modules = listed.split("\n").map((line) => line.split(/:? /).filter((path) => path !== ""));
  const known = new Set(modules.map(([path]) => nameOf(path ?? "")));
  expect(denied.filter((name) => !known.has(name))).toEqual([]);
  for (const folder of needed) expect(listed, folder).toContain(`kernel/${folder}/`);
  // modules.dep names all that a module needs, also what that needs.
  const hurt = modules.filter(([path = ""]) => needed.some((folder) => path.includes(`kernel/${folder}/`)));
  expect(hurt.filter((paths) => paths.some((path) => denied.includes(nameOf(path))))).toEqual([]);
});

test("modprobe refuses a denied module by any name, and brings others", async () => {
  const version = (await sh("ls /usr/lib/modules")).trim();
  const shown = (name: string) => sh(`modprobe -S ${version} --show-depends ${name}`);
  for (const name of ["dccp_ipv4", "usb_storage", "hfsplus"])
    expect(await shown(name), name).toContain("install /bin/false");
  // By what mount(2) asks for.
  expect(await shown("fs-hfsplus")).not.toContain(".ko");
  expect(await shown("raid1")).not.toContain("/bin/false");
});
