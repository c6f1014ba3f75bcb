import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hashPassword } from "../../cli/password.ts";
import { loadBootstrap } from "../../delivery/bootstrap.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { sshHostKey } from "../../host/store/secrets.ts";
import { bootWithOutside, far4, far6 } from "../../testing/fakes/outside.ts";
import { placeBundle } from "../../testing/fakes/placed-host.ts";
import {
  declarationOf,
  type FixtureAccount,
  fixtureHost,
  programServer,
} from "../../testing/fixtures/bundle-fixture.ts";
import { nothingDeclared } from "../registry/subject.ts";

const password = "correct horse battery";
const passwordHash = await hashPassword(password);
const checkout = join(import.meta.dirname, "../..");
const hashing = [join(checkout, "cli/visitor-password.ts"), "kim", "--stdin"];
const { stdout: hashed } = await execa(process.execPath, hashing, { input: `${password}\n` });
const passwords = { kim: /^kim: (\S+)$/.exec(hashed)![1]! };
const node = ["/usr/bin/node", "answers.mjs"];
const program = readFileSync(join(checkout, "testing/programs/answers.mjs"));
const accounts: readonly FixtureAccount[] = [
  {
    number: 1,
    name: "alice",
    servers: [
      programServer("closed", node, { passwords }),
      programServer("kept", node, { passwords, cache: true }),
      programServer("own", node),
    ],
    users: [{ name: "pat", directory: ".", protocols: ["ssh"], keys: [], passwordHash }],
  },
  { number: 2, name: "bob", servers: [programServer("web", node)] },
];
const host6 = "fd00:8000::11";
const alice = "fd00:8000:0:1::1";
const host4 = "203.0.113.11";
/** Others: in the same /64 as {@link far6}, in another, and a controller in one of its own with a neighbour. */
const [near6, other6, controller, besideController] = ["2600:9::6", "2600:9:0:1::5", "2600:9:0:2::5", "2600:9:0:2::6"];
const others = [near6, other6, controller, besideController];

let here: Awaited<ReturnType<typeof bootWithOutside>>;
const soon = { timeout: 20_000, interval: 100 };
function bundle() {
  const declared = declarationOf(accounts);
  const networks = declared.networks.map((network) => ({ ...network, controllers: [controller] }));
  const frontEnds = declared.frontEnds.map((frontEnd) => ({ ...frontEnd, address4: host4 }));
  return renderBundle({ ...declared, networks, frontEnds }, "web1");
}
const times = (count: number, word: string) => Array.from({ length: count }, () => word);
/** Statuses of as many requests with a password, one after the other, on one connection while it lasts; 000 is a refusal. */
async function guess(from: string, count: number, site = "closed.alice", given = "kim:wrong", path = "/") {
  const to = from.includes(":") ? `[${host6}]` : host4;
  const request = `-s -g --max-time 20 --interface ${from} -u '${given}' -H 'Host: ${site}.test' -o /dev/null -w '%{http_code} ' http://${to}${path}`;
  const { stdout } = await here.outside(`curl ${times(count, request).join(" --next ")}`);
  return stdout.trim().split(" ");
}
/** Whether the host's web sites are open. */
const seen = async (from: string) => (await guess(from, 1, "web.bob", "kim:own")).join("");
/** Who is banned, and why. */
const bans = async () => (await here.sh("fairhost-host bans")).trim().split("\n").filter(Boolean).sort();
const banned = (what: string, why: string) =>
  expect.stringMatching(new RegExp(`^${what} for another (?:5[89]\\d|600) s: ${why}$`));
/** What SSH says first, or why it does not. */
const greeting = async (from: string, to = alice) =>
  (
    await here.outside(
      `python3 -c 'import socket; print(socket.create_connection(("${to}", 22), 30, ("${from}", 0)).recv(8).decode())' 2>&1 | grep -oE 'SSH-2.0-|refused'`,
    )
  ).stdout.trim();
/** Says wrong passwords as the front end does. */
const say = (from: string, count: number) =>
  here.sh(`python3 -c 'import socket
s = socket.socket(1, 2); s.connect("/run/fairhost-bans.sock")
for n in range(${count}): s.send(b"<190>Nov 27 18:00:00 http: ${from}")'`);
const counting = () => here.sh("systemctl is-active fairhost-bans.service || true");

beforeAll(async () => {
  here = await bootWithOutside("bans", [], accounts);
  // The applier is what follows the first line.
  const { payload } = (await loadBootstrap()).for({ declaration: nothingDeclared, host: fixtureHost }, 0);
  await here.host.writeFile("/usr/local/sbin/fairhost-host", payload.replace(/^.*\n/, ""), 0o755);
  for (const { number } of accounts) await here.host.writeFile(`/srv/accounts/${number}/home/answers.mjs`, program);
  await placeBundle(here.host, bundle());
  await here.host.writeFile("/var/lib/fairhost/secrets/ssh/1", sshHostKey(Buffer.alloc(32, 7), 1, 1), 0o400);
  await here.host.writeFile("/root/ask", "#!/bin/sh\necho wrong\n", 0o755);
  await here.outside(others.map((each) => `ip address add ${each}/128 dev lo nodad`).join("; "));
  await here.sh(
    "systemd-run --quiet --unit=greeter socat TCP6-LISTEN:22,fork SYSTEM:'echo SSH-2.0-host'; until ss -Hltn | grep -q ':22 '; do sleep 0.1; done",
  );
}, 300_000);
afterAll(() => here?.host.stop());
beforeEach(async () => {
  await here.sh("systemctl stop fairhost-bans.service");
  for (const set of ["banned6", "banned4"]) await here.sh(`nft flush set inet fairhost_bans ${set}`);
});

describe("50 wrong passwords within ten minutes", () => {
  test("ban the /64 from all web sites and SSH of accounts, and nobody else from anything", async () => {
    expect(await guess(far6, 49)).toEqual(times(49, "401"));
    expect(await seen(far6)).toBe("200");
    expect(await bans()).toEqual([]);
    expect(await guess(far6, 1)).toEqual(["401"]);
    await expect.poll(bans, soon).toEqual([banned("2600:9::/64", "http 50")]);
    expect([await seen(far6), await seen(near6), await seen(other6)]).toEqual(["000", "000", "200"]);
    expect([await greeting(far6), await greeting(other6)]).toEqual(["refused", "SSH-2.0-"]);
    // SSH of the host itself is another matter: its firewall says who gets there.
    expect(await greeting(controller, host6)).toBe("SSH-2.0-");
    await expect
      .poll(() => here.sh("journalctl -u fairhost-bans -o cat"), soon)
      .toContain("banned: 2600:9::/64, 50 wrong passwords within 600 s: http 50");
  });

  test("count on an open connection, which is cut, and behind a cache", async () => {
    const statuses = await guess(other6, 300, "kept.alice");
    expect(statuses.slice(0, 50)).toEqual(times(50, "401"));
    expect(statuses.at(-1)).toBe("000");
    await expect.poll(bans, soon).toEqual([banned("2600:9:0:1::/64", "http \\d+")]);
  });

  test("count over IPv4, of one address alone", async () => {
    expect(await guess(far4, 50)).toEqual(times(50, "401"));
    await expect.poll(bans, soon).toEqual([banned(far4, "http 50")]);
    expect([await seen(far4), await seen("192.0.2.2"), await seen(far6)]).toEqual(["000", "200", "200"]);
  });

  test("count together with those of SSH", async () => {
    await guess(far6, 49);
    const ssh = `SSH_ASKPASS=/root/ask SSH_ASKPASS_REQUIRE=force ssh -F none -b ${far6} -o NumberOfPasswordPrompts=1 -o StrictHostKeyChecking=no -o PubkeyAuthentication=no pat@${alice} true </dev/null`;
    expect((await here.outside(ssh)).stderr).toContain("Permission denied");
    await expect.poll(bans, soon).toEqual([banned("2600:9::/64", "http 49, ssh 1")]);
    expect((await here.outside(ssh)).stderr).toContain("Connection refused");
  });
});

describe("not counted are", () => {
  test("right passwords, requests without one, and what a program of an account answers", async () => {
    expect(await guess(far6, 55, "closed.alice", `kim:${password}`)).toEqual(times(55, "200"));
    const without = `curl -s --interface ${far6} 'http://\\[${host6}\\]/[1-55]' -H 'Host: closed.alice.test' -o /dev/null -w '%{http_code} '`;
    expect((await here.outside(without)).stdout).toBe("401 ".repeat(55));
    expect(await guess(far6, 55, "own.alice", "kim:wrong", "/status/401")).toEqual(times(55, "401"));
    expect(await counting()).toBe("inactive\n");
    expect(await guess(far6, 1)).toEqual(["401"]);
    await expect.poll(counting, soon).toBe("active\n");
    expect(await bans()).toEqual([]);
  });

  test("controllers; who shares their /64 is banned, and they are not", async () => {
    expect(await guess(controller, 60)).toEqual(times(60, "401"));
    expect(await seen(besideController)).toBe("200");
    await guess(besideController, 50);
    await expect.poll(bans, soon).toEqual([banned("2600:9:0:2::/64", "http 50")]);
    expect([await seen(besideController), await seen(controller)]).toEqual(["000", "200"]);
  });

  test("words of visitors and of accounts, which cannot open the socket", async () => {
    const connect = `python3 -c 'import socket; socket.socket(1, 2).connect("/run/fairhost-bans.sock")' 2>&1 | tail -n 1`;
    const as = (ids: string) => here.sh(`setpriv ${ids} --clear-groups ${connect}`);
    expect(await as("--reuid=1900000001 --regid=33")).toContain("PermissionError");
    expect(await as("--reuid=33 --regid=33")).toBe("");
    const words = `-A 'http: ${near6}' -e 'http: ${near6}' -u 'http: ${near6}:x' -H 'Host: closed.alice.test'`;
    await here.outside(`curl -s --interface ${other6} ${words} 'http://\\[${host6}\\]/[1-49]/http:%20${near6}'`);
    expect(await bans()).toEqual([]);
    await say(near6, 49);
    await guess(other6, 1);
    await expect.poll(bans, soon).toEqual([banned("2600:9:0:1::/64", "http 50")]);
  });
});

describe("a ban", () => {
  test("stays when the firewall is loaded anew, and its rules are there once", async () => {
    await say(far6, 50);
    await expect.poll(bans, soon).toHaveLength(1);
    const rules = () =>
      here.sh("nft -s list table inet fairhost_bans | grep -v elements | sed 's/ packets.*bytes [0-9]*//'");
    const before = await rules();
    await here.sh("nft -f /var/lib/fairhost/current/nftables/fairhost.nft");
    expect(await rules()).toBe(before);
    expect(await bans()).toHaveLength(1);
    expect([await seen(far6), await seen(other6)]).toEqual(["000", "200"]);
  });

  test("is lifted by any address in it, and one that is not banned is named", async () => {
    await say(far6, 50);
    await expect.poll(bans, soon).toHaveLength(1);
    const lift = (address: string) => here.host.run(`fairhost-host bans lift ${address}`);
    expect(await lift(other6)).toMatchObject({
      exitCode: 5,
      stderr: `${other6} is not banned. \`fairhost-host bans\` lists who is\n`,
    });
    expect(await lift("nobody")).toMatchObject({ exitCode: 2 });
    expect(await lift(near6)).toMatchObject({ exitCode: 0, stdout: "2600:9::/64 is no longer banned\n" });
    expect([await seen(far6), await bans()]).toEqual(["200", []]);
    // Counting begins anew.
    expect(await guess(far6, 49)).toEqual(times(49, "401"));
    expect(await seen(far6)).toBe("200");
  });

  test("ends by itself", async () => {
    await here.sh("nft add element inet fairhost_bans banned6 '{ 2600:9:: timeout 2s }'");
    expect(await seen(far6)).toBe("000");
    await expect.poll(() => seen(far6), soon).toBe("200");
  });

  test("is not made when as many are banned as the kernel has room for, and the journal says so", async () => {
    const elements = Array.from({ length: 10_000 }, (_, index) => `2600:aaaa:0:${index.toString(16)}::`);
    await here.host.writeFile("/run/full.nft", `add element inet fairhost_bans banned6 { ${elements.join(", ")} }\n`);
    await here.sh("nft -f /run/full.nft");
    await say(far6, 50);
    await expect.poll(() => here.sh("journalctl -u fairhost-bans -o cat"), soon).toContain("NOT banned (");
    expect(await seen(far6)).toBe("200");
  });
});
