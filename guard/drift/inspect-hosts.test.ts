import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { routerBundles } from "../../delivery/render-router-bundle.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { fakeSsh } from "../../testing/fakes/ssh/fake-ssh.ts";
import { declarationOf, staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { declaredFacts, inspectHosts } from "./inspect-hosts.ts";
import type { SshTarget } from "./ssh.ts";

const one = declarationOf([{ number: 1, name: "alice", servers: [staticServer("www")] }]);
const names = Array.from({ length: 100 }, (_, index) => `web${index + 1}`);
const many: Declaration = { ...one, hosts: names.map((name) => ({ ...one.hosts[0]!, name })) };
const targets = names.map((name): SshTarget => {
  return { name, address: name, port: 22, user: "root", knownHosts: "/dev/null" };
});

/** Reads the host's address before `--`, which is its name here; then `$1` is the command. */
const parse = 'while [ "$2" != -- ]; do shift; done; host=$1; shift 2';

test("each host gets everything declared for it, and the answers come back in order", async () => {
  using ssh = fakeSsh(
    `${parse}; cat >$here/$host; echo '{"host":"'$host'","generation":7,"differences":[]}'; [ "$1" = "/usr/local/sbin/fairhost-host inspect --json" ] || exit 5`,
  );
  expect(await inspectHosts(many, targets.slice(0, 2), { applier: "abc" })).toEqual([
    { host: "web1", generation: 7, differences: [] },
    { host: "web2", generation: 7, differences: [] },
  ]);
  expect(JSON.parse(readFileSync(join(ssh.directory, "web1"), "utf8"))).toEqual({
    digests: { host: expect.stringMatching(/^[0-9a-f]{64}$/), "account-1": expect.stringMatching(/^[0-9a-f]{64}$/) },
    disks: [],
    mirrors: [],
    links: [],
    release: "trixie",
    runtimes: [],
    packages: ["lighttpd", "lighttpd-mod-deflate", "lighttpd-modules-lua", "restic", "unattended-upgrades"],
    upgrades: { security: true },
    applier: "abc",
  });
  expect(declaredFacts(one, "web1")).not.toHaveProperty("applier");
});

test("a host that still has the applier of 0.1.0 says findings", async () => {
  using _ssh = fakeSsh(
    `${parse}; cat >/dev/null; echo '{"host":"'$host'","generation":7,"findings":[{"kind":"user-shadowed"}]}'`,
  );
  expect(await inspectHosts(one, targets.slice(0, 1))).toEqual([
    { host: "web1", generation: 7, differences: [{ kind: "user-shadowed" }] },
  ]);
});

test("100 hosts, 50 at a time: all 50 are contacted before the first has answered, and never more", async () => {
  // No host answers before 50 have begun: with fewer at once all would give up.
  using ssh = fakeSsh(
    `${parse}; cat >/dev/null; mkdir -p $here/begun $here/ended; : >$here/begun/$host
begun=$(ls $here/begun | wc -l); echo $((begun - $(ls $here/ended | wc -l))) >$here/$host
tries=0; until [ "$(ls $here/begun | wc -l)" -ge 50 ]; do sleep 0.05; tries=$((tries + 1)); [ $tries -lt 400 ] || exit 5; done
: >$here/ended/$host; echo '{"host":"'$host'","generation":1,"differences":[]}'`,
  );
  const results = await inspectHosts(many, targets);
  expect(results.filter((result) => "differences" in result)).toHaveLength(100);
  const underWay = names.map((name) => Number(readFileSync(join(ssh.directory, name), "utf8")));
  expect(Math.max(...underWay)).toBeLessThanOrEqual(50);
}, 60_000);

test("a dead host does not delay the others, and its result says why", async () => {
  using ssh = fakeSsh(
    `${parse}; cat >/dev/null; if [ $host = web1 ]; then until [ -e $here/web3 ]; do sleep 0.05; done; exec sleep 60; fi
: >$here/$host; echo '{"host":"'$host'","generation":1,"differences":[]}'`,
  );
  const results = await inspectHosts(many, targets.slice(0, 3), { parallel: 2, ssh: { seconds: 3 } });
  expect(results).toMatchObject([
    { host: "web1", error: expect.stringContaining("did not answer within 3 s") },
    { host: "web2", differences: [] },
    { host: "web3", differences: [] },
  ]);
  expect(readdirSync(ssh.directory)).toContain("web3");
});

test("a host that ends as drift ends, also with the status of an older applier, has an answer", async () => {
  const drifted = `{"host":"'$host'","generation":7,"differences":[]}`;
  using _ssh = fakeSsh(
    `${parse}; cat >/dev/null; echo '${drifted}'; case $host in web1) exit 7 ;; web2) exit 1 ;; esac; echo nobody knows >&2; exit 3`,
  );
  expect(await inspectHosts(many, targets.slice(0, 3))).toEqual([
    { host: "web1", generation: 7, differences: [] },
    { host: "web2", generation: 7, differences: [] },
    { host: "web3", error: "web3 cannot be inspected: nobody knows" },
  ]);
});

test("a host without an applier, with an older one, and one that cannot inspect itself", async () => {
  using _ssh = fakeSsh(
    `${parse}; cat >/dev/null; case $host in web1) exit 127 ;; web2) exit 2 ;; esac; echo no state >&2; exit 5`,
  );
  expect(await inspectHosts(many, targets.slice(0, 3))).toMatchObject([
    {
      host: "web1",
      differences: [{ kind: "applier-other", message: expect.stringContaining("nothing was ever deployed") }],
    },
    { host: "web2", differences: [{ kind: "applier-other", message: expect.stringContaining("too old") }] },
    { host: "web3", error: "web3 cannot be inspected: no state" },
  ]);
});

describe("routers", async () => {
  const trial = declare((await loadFleet("inventory/trial")).fleet);
  const ssh = { address: "fd00:8000::1", port: 22 };
  const reached: Declaration = { ...trial, routers: trial.routers.map((router) => ({ ...router, ssh })) };
  const target: SshTarget = { ...targets[0]!, name: "router-1", address: "router-1" };

  test("a router gets what is declared for it, and its answer says that it is one", async () => {
    using fake = fakeSsh(`${parse}; cat >$here/$host; echo '{"host":"'$host'","generation":7,"differences":[]}'`);
    expect(await inspectHosts(reached, [target], { applier: "abc" })).toEqual([
      { host: "router-1", router: true, generation: 7, differences: [] },
    ]);
    const facts = JSON.parse(readFileSync(join(fake.directory, "router-1"), "utf8"));
    expect(facts).toEqual({
      digests: { host: expect.stringMatching(/^[0-9a-f]{64}$/) },
      packages: ["bird2", "nftables", "nodejs", "openssh-server"],
      applier: "abc",
    });
    expect(facts.digests.host).toBe(routerBundles(reached).get("router-1")!.groups.host!.digest);
  });

  test("one that does not answer, and one without an applier", async () => {
    using _fake = fakeSsh(
      `${parse}; cat >/dev/null; [ $host = router-1 ] || exit 127; echo Connection refused >&2; exit 255`,
    );
    expect(await inspectHosts(reached, [target, { ...target, name: "router-2", address: "router-2" }])).toMatchObject([
      { host: "router-1", router: true, error: expect.stringContaining("refuses connections") },
      { host: "router-2", router: true, differences: [{ kind: "applier-other" }] },
    ]);
  });

  test("an account that comes makes the bundle of its site's routers another one", () => {
    const less = { ...reached, addresses: reached.addresses.slice(1) };
    expect(declaredFacts(less, "router-1").digests).not.toEqual(declaredFacts(reached, "router-1").digests);
  });
});
