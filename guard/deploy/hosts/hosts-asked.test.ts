import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { fakeSsh } from "../../../testing/fakes/ssh/fake-ssh.ts";
import { declarationOf } from "../../../testing/fixtures/bundle-fixture.ts";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import type { StackConfig } from "../../engine/stack-config.ts";
import { driftOn } from "./drift.ts";
import { proofsOn } from "./proofs.ts";

const config = { stack: "s", projectDirectory: "/", inventory: "/", cell: undefined, knownHosts: "/dev/null" };
const stack: StackConfig = { ...config, sshUser: "root", sshPrivateKeyFile: undefined, today: "2026-11-24" };
const names = ["web1", "web2", "web3"];
const hosts = names.map((name) => ({ name, ssh: { address: name, port: 22 } }));
const one = declarationOf([]);
const declaration = { ...one, hosts: names.map((name) => ({ ...one.hosts[0]!, name })) };
const parse = 'while [ "$2" != -- ]; do shift; done; host=$1; shift 2; cat >/dev/null';
const finding = (kind: string, repaired: string) =>
  `{"group":"host","kind":"${kind}","what":"x","message":"${kind} of x","repaired":"${repaired}"}`;
const answer = (...differences: string[]) => `{"host":"x","generation":3,"differences":[${differences.join(",")}]}`;

let ssh: Disposable | undefined;
afterEach(() => ssh?.[Symbol.dispose]());

test("drift is shown, and hosts where a deploy repairs some of it are named; drift that every deploy removes does not count", async () => {
  ssh = fakeSsh(`${parse}
case $host in
  web1) echo '${answer(finding("file-changed", "by the next deploy"))}' ;;
  web2) echo '${answer(finding("applier-other", "by the next deploy"))}' ;;
  web3) echo '${answer(finding("mirror-degraded", "by hand: swap it"))}' ;;
esac
exit 1`);
  const said: string[] = [];
  const drift = driftOn(stack, hosts, (text) => said.push(text));
  expect(await drift(declaration, names)).toEqual(["web1"]);
  expect(said.join("")).toMatch(/web1, generation 3:.*file-changed.*web3, generation 3:.*mirror-degraded/s);
  expect(said.join("")).not.toContain("web2");
});

test("only the given hosts are inspected, and silence is not drift", async () => {
  ssh = fakeSsh(`${parse}; [ $host = web2 ] || exit 9; echo '${answer()}'`);
  const said: string[] = [];
  expect(await driftOn(stack, hosts, (text) => said.push(text))(declaration, ["web2"])).toEqual([]);
  expect(said).toEqual([]);
});

test("proofs are asked for where backups are; a host that answers nonsense needs an approval, one that cannot answer is said", async () => {
  ssh = fakeSsh(`${parse}
case $host in
  web1) echo Welcome! ;;
  web2) echo 'disk full' >&2; exit 5 ;;
  web3) exit 127 ;;
esac`);
  const said: string[] = [];
  const directory = mkdtempSync(join(tmpdir(), "fairhost-proofs-"));
  try {
    const known = [...hosts, { name: "web4", ssh: { address: "web4", port: 22 } }];
    const account = declarationFixture().accounts[0]!;
    const after = {
      ...declaration,
      hosts: known.map(({ name }) => ({ ...one.hosts[0]!, name })),
      accounts: ["web1", "web2", "web3", "web4", "web5"].map((host, index) => ({
        ...account,
        number: index + 1,
        host,
      })),
    };
    const knownHosts = join(directory, "known_hosts");
    writeFileSync(knownHosts, names.map((name) => `${name} ssh-ed25519 AAAA\n`).join(""));
    const proofs = proofsOn({ ...stack, knownHosts }, known, (text) => said.push(text));
    const findings = await proofs(after, after, [...names, "web4"], directory);
    expect(findings.map(({ message, approval }) => [approval?.resource, message])).toEqual([
      ["host web1", expect.stringContaining("it cannot be read: it is not JSON")],
      ["host web2", expect.stringContaining("no usable report of its backups: disk full (exit status 5)")],
    ]);
    expect(said.join("").split("\n").filter(Boolean)).toEqual([
      "Proofs of backups:",
      `not known: web4 has no key in ${knownHosts}, so it is not asked for its proofs`,
      "not known: web3 has no applier yet that knows of proofs (exit status 127)",
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
