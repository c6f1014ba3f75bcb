import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadBootstrap } from "../../delivery/bootstrap.ts";
import type { ApplyReport } from "../../delivery/protocol/bundle.ts";
import { encodeBundle } from "../../delivery/protocol/digest.ts";
import type { DeclaredFacts, Difference, Health, Inspection } from "../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { tamperings } from "../../testing/tampering.cases.ts";
import { declaredFacts } from "./inspect-hosts.ts";

/** A real Debian 13 under systemd with the whole bundle in force; SSH is a listener that only sends its banner. */
let host: ContainerHost;

const accounts = [1, 2, 3, 4].map((number) => ({ number, name: `user${number}`, servers: [staticServer("www")] }));
const declaration = declarationOf(accounts);
const bundle = renderBundle(declaration, "web1");
let bootstrap: Awaited<ReturnType<typeof loadBootstrap>>;
let facts: DeclaredFacts;

async function inspect(declared: DeclaredFacts = facts): Promise<Inspection & { exitCode: number }> {
  const stdin = JSON.stringify(declared);
  const { stdout, stderr, exitCode } = await host.run(["fairhost-host", "inspect", "--json"], { stdin });
  if (stdout === "") throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Inspection), exitCode };
}

/** Runs both commands of a deploy on the host. */
async function deploy(): Promise<ApplyReport> {
  const { script, payload } = bootstrap.for({ declaration, host: declaration.hosts[0]! }, 1);
  await succeed(host, ["/bin/sh", "-c", script], payload);
  const masterSecret = Buffer.alloc(32, 7).toString("base64");
  const stdin = JSON.stringify({ bundle: encodeBundle(bundle), masterSecret, secretEpoch: 1, repair: 1 });
  const { stdout, stderr } = await host.run(["fairhost-host", "apply"], { stdin, timeout: 120_000 });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as ApplyReport;
}

/** Sends a banner as SSH does. */
async function startGreeter(): Promise<void> {
  const greet =
    "import socketserver as s;h=type('H',(s.BaseRequestHandler,),{'handle':lambda x:x.request.sendall(b'SSH-2.0-x\\r\\n')});s.TCPServer.address_family=10;s.TCPServer.allow_reuse_address=True;s.TCPServer(('::',22),h).serve_forever()";
  await succeed(
    host,
    `systemd-run --quiet --unit=greeter python3 -c "${greet}"; until ss -Hltn | grep -q ':22 '; do sleep 0.05; done`,
  );
}

/** State of account 4, which no test changes, of the admin's own files, and of things that only a person may change. */
const untouched = () =>
  succeed(
    host,
    `systemctl show -p ActiveEnterTimestampMonotonic,MainPID account-4-http-www.socket account-4-http-www.service
find /srv/accounts/4 -printf '%p %i %m %u %g %T@ %C@\\n' | grep -v '/logs/' | sort
stat -c '%n %Y %Z' /etc/passwd /etc/group /etc/systemd/system/admin.service
nft list tables | sort; ip -6 route show table local proto 66 | grep 0:4:; ls /var/lib/fairhost/secrets/accounts/4 -l`,
  );

beforeAll(async () => {
  host = await bootContainer({ name: "drift" });
  await startGreeter();
  bootstrap = await loadBootstrap();
  facts = { ...declaredFacts(declaration, "web1", bootstrap), disks: [], mirrors: [] };
  await host.writeFile("/etc/systemd/system/admin.service", "[Service]\nExecStart=/bin/true\n");
  const { errors } = await deploy();
  expect(errors).toEqual([]);
  // BIRD shows times to the second.
  await sleep(2_500);
}, 300_000);

afterAll(async () => host?.stop());

test("a deployed host has no drift, and a second deploy changes nothing", async () => {
  expect(await inspect()).toEqual({ host: "web1", generation: 1, differences: [], exitCode: 0 });
  expect(await deploy()).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
});

test("the gate: everything runs, the front end answers, the given accounts wake", async () => {
  const { stdout, exitCode } = await host.run(["fairhost-host", "health", "--json", "4", "2"]);
  expect([exitCode, JSON.parse(stdout)]).toEqual([
    0,
    {
      healthy: true,
      problems: [],
      woken: [2, 4].map((account) => ({ account, status: expect.any(Number), ms: expect.any(Number) })),
    },
  ]);
  await succeed(host, "systemctl is-active account-2-http-www.service account-4-http-www.service");
});

const health = async (...numbers: string[]) => {
  const { stdout, exitCode } = await host.run(["fairhost-host", "health", "--json", ...numbers]);
  return { ...(JSON.parse(stdout) as Health), exitCode };
};

test("a sample of the accounts is woken; a socket that cannot listen, or an account that is not here, fails the gate", async () => {
  expect((await health()).woken.map(({ account }) => account)).toEqual([1, 2, 3, 4]);
  const stop = "systemctl stop account-3-http-www.socket account-3-http-www.service";
  const path = await succeed(host, "systemctl show -p Listen --value account-3-http-www.socket | cut -d' ' -f1");
  await succeed(host, `${stop}; rm -f ${path.trim()}; mkdir ${path}`);
  const ill = await health("3", "77");
  expect(ill).toMatchObject({ healthy: false, exitCode: 7, woken: [{ account: 3, status: 502 }] });
  expect(ill.problems.map(({ group, message }) => `${group}: ${message}`)).toEqual([
    expect.stringMatching(/^account-3: account-3-http-www\.socket is (?:inactive|failed), but should be active: /),
    "host: account 77 is not on this host",
  ]);
  await succeed(host, `rmdir ${path}`);
  // Programs can end their own sockets at any time: one that listens again says nothing against the host.
  expect(await health("3")).toMatchObject({ healthy: true, problems: [], woken: [{ account: 3, status: 403 }] });
  await succeed(host, stop);
  expect(await health("3")).toMatchObject({ healthy: true, problems: [], woken: [{ account: 3, status: 403 }] });
  expect((await host.run(["fairhost-host", "health", "alice"])).exitCode).toBe(2);
});

test("an account whose own server does not answer is reported and makes no host unhealthy", async () => {
  await succeed(host, "mv /srv/accounts/2/home/www /srv/accounts/2/home/away");
  await succeed(host, "systemctl stop account-2-http-www.service");
  expect(await health("2", "4")).toMatchObject({
    healthy: true,
    problems: [],
    exitCode: 0,
    woken: [{ account: 2 }, { account: 4 }],
  });
  await succeed(host, "mv /srv/accounts/2/home/away /srv/accounts/2/home/www");
});

describe("changes by hand", () => {
  let found: readonly Difference[];
  let fingerprint: string;
  let report: ApplyReport;
  let after: readonly Difference[];

  beforeAll(async () => {
    for (const { done, shell } of tamperings) {
      const { exitCode, stderr } = await host.run(shell);
      expect(exitCode, `${done}: ${stderr}`).toBe(0);
    }
    fingerprint = await untouched();
    const seen = await inspect({ ...facts, links: [{ port: "eth9" }] });
    expect(seen.exitCode).toBe(7);
    found = seen.differences;
    expect(await untouched(), "inspecting changes nothing").toBe(fingerprint);
    report = await deploy();
    after = (await inspect({ ...facts, links: [{ port: "eth9" }] })).differences;
  }, 300_000);

  test.each(tamperings)("$done: $kind of $group", ({ group, kind, what, undo }) => {
    const difference = found.find((one) => one.group === group && one.kind === kind && one.what === what);
    expect(difference, JSON.stringify(found, undefined, 1)).toBeDefined();
    expect(difference!.repaired).toMatch(undo === undefined ? /^by the next deploy$/ : /^by hand: ./);
    expect(difference!.message).toMatch(/^.{20,}[^.]$/);
  });

  test("no other drift is found", () => {
    const expected = (difference: Difference) =>
      tamperings.some(({ group, kind }) => difference.group === group && difference.kind === kind);
    expect(found.filter((difference) => !expected(difference))).toEqual([]);
  });

  test("one deploy repairs what a deploy may repair, and says so", async () => {
    expect(report).toMatchObject({ result: "applied", errors: [] });
    expect(report.repaired.length).toBeGreaterThanOrEqual(20);
    const left = after.map(({ group, kind, what }) => `${group} ${kind} ${what}`).sort();
    const byHand = tamperings.filter(({ undo }) => undo !== undefined);
    expect(left).toEqual(byHand.map(({ group, kind, what }) => `${group} ${kind} ${what}`).sort());
  });

  test("nothing else was touched, and displaced files are kept", async () => {
    expect(await untouched()).toBe(fingerprint);
    const saved = await succeed(host, "ls /var/lib/fairhost/saved");
    for (const name of ["fairhost-routes.service", "mine.conf", "50-TasksMax.conf", "sysctl.d"])
      expect(saved).toContain(name);
    expect(await succeed(host, "systemctl show -p TasksMax --value account-3.slice")).toBe("200\n");
    expect(await succeed(host, "systemctl show -p OOMScoreAdjust --value nginx.service")).toBe("-500\n");
  });

  test("a second deploy changes nothing", async () => {
    expect(await deploy()).toMatchObject({ result: "unchanged", hooks: [], repaired: [], filesWritten: 0 });
  });

  test("after the manual repairs the host has no drift", async () => {
    for (const { undo } of tamperings) if (undo !== undefined) await succeed(host, undo);
    await startGreeter();
    expect((await inspect({ ...facts, links: [{ port: "eth9" }] })).differences).toEqual([]);
  });
});

describe("changes that exclude each other", () => {
  /** User and group of four accounts, and of the host's own MariaDB. */
  const records = 10;

  test("/etc/userdb replaced by a directory: every account's user is lost, one deploy restores them", async () => {
    await succeed(host, "rm /etc/userdb && mkdir /etc/userdb && touch /etc/userdb/admins");
    const { differences } = await inspect();
    expect(differences).toContainEqual(expect.objectContaining({ kind: "fixed-link", what: "/etc/userdb" }));
    expect(differences.filter(({ kind }) => kind === "user-unresolvable")).toHaveLength(records);
    expect(await deploy()).toMatchObject({ errors: [] });
    expect((await inspect()).differences).toEqual([]);
    expect(await succeed(host, "cat /var/lib/fairhost/saved/*etc-userdb/admins")).toBe("");
  });

  test("systemd removed from nsswitch.conf: the records are sound, so it needs manual repair", async () => {
    await succeed(host, "sed -i.away 's/ systemd//' /etc/nsswitch.conf");
    const { differences } = await inspect();
    expect(differences).toHaveLength(records);
    for (const { kind, repaired } of differences) {
      expect(kind).toBe("user-unresolvable");
      expect(repaired).toMatch(
        /^by hand: check that the line (passwd|group) of \/etc\/nsswitch\.conf contains "systemd"/,
      );
    }
    await succeed(host, "mv /etc/nsswitch.conf.away /etc/nsswitch.conf");
  });

  test("the whole packet filter flushed, nginx stopped, another configuration in its place", async () => {
    await succeed(host, "nft flush ruleset && systemctl stop nginx.service && systemctl reset-failed nginx.service");
    expect((await inspect()).differences.map(({ kind, what }) => `${kind} ${what}`)).toEqual([
      "unit-stopped nginx.service",
      "firewall-changed inet fairhost",
      "firewall-changed inet fairhost_bans",
    ]);
    await deploy();
    expect((await inspect()).differences).toEqual([]);
  });

  test("a package removed and the applier edited: the bootstrap of a deploy repairs both", async () => {
    await succeed(
      host,
      "cp /var/lib/dpkg/status /run/status && sed -i '/^Package: tini$/,/^$/d' /var/lib/dpkg/status && echo '// x' >>/usr/local/sbin/fairhost-host",
    );
    expect((await inspect()).differences.map(({ kind, what }) => `${kind} ${what}`)).toEqual([
      "package-missing tini",
      "applier-other /usr/local/sbin/fairhost-host",
    ]);
    await succeed(host, "cp /run/status /var/lib/dpkg/status");
    await deploy();
    expect((await inspect()).differences).toEqual([]);
  });

  test("another release is declared, an account is changed, one is new and one is removed", async () => {
    const { differences } = await inspect({
      release: "forky",
      digests: { ...facts.digests, "account-3": "0".repeat(64), "account-9": "0".repeat(64), "account-4": undefined! },
    });
    expect(differences.map(({ group, kind, message }) => `${group} ${kind}: ${message}`)).toEqual([
      "host release-other: this host runs Debian trixie, but forky is declared",
      "account-3 generation-outdated: account-3 differs from its declaration",
      "account-4 generation-outdated: account-4 is on the host but no longer declared",
      "account-9 generation-outdated: account-9 was never applied",
    ]);
  });

  test("a drop-in for every service of the host: reported once, kept, and no account is restarted for it", async () => {
    await succeed(
      host,
      "mkdir -p /etc/systemd/system/service.d && printf '[Unit]\\nX-Mine=1\\n' >/etc/systemd/system/service.d/mine.conf",
    );
    expect((await inspect()).differences.map(({ kind, what }) => `${kind} ${what}`)).toEqual([
      "unit-overridden /etc/systemd/system/service.d/mine.conf",
    ]);
    const before = await untouched();
    expect(await deploy()).toMatchObject({ result: "unchanged", hooks: [] });
    expect(await untouched()).toBe(before);
    await succeed(host, "rm -r /etc/systemd/system/service.d && systemctl daemon-reload");
  });

  test("nothing on standard input: compared with the generation in force; nonsense: cannot inspect", async () => {
    expect((await host.run(["fairhost-host", "inspect"])).stdout).toBe("web1, generation 2: no drift\n");
    expect(await host.run(["fairhost-host", "inspect"], { stdin: "[" })).toMatchObject({ exitCode: 5, stdout: "" });
  });
});
