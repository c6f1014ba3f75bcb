import { closeSync, existsSync, ftruncateSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { FakeSystemd } from "../../testing/fakes/fake-systemd.ts";
import { accountGroup, bundleOf, hostGroup, secret, Tree } from "../../testing/fakes/host-tree.ts";
import type { Run } from "../os/machine.ts";
import type { Observer } from "../store/disk.ts";
import { findDrift } from "../store/file-drift.ts";
import { readCurrent } from "../store/generations.ts";
import { apply } from "./apply.ts";
import { unitsOf } from "./hooks/choose.ts";
import { recover } from "./retire.ts";

class Killed extends Error {}

/** Counts steps (changes on disk, programs run) and kills the applier at one of them: nothing happens after it, not even clean-up. */
class Nemesis {
  steps = 0;
  readonly #at: number;
  /** Files written but not yet durable: the one just being created, and open files (their names may change). */
  #making: string | undefined;
  readonly #unsynced: number[] = [];

  constructor(at: number) {
    this.#at = at;
  }

  step(): void {
    if (this.#making !== undefined && existsSync(this.#making)) this.#unsynced.push(openSync(this.#making, "r+"));
    this.#making = undefined;
    if (++this.steps >= this.#at) throw new Killed();
  }

  readonly observe: Observer = (operation, path) => {
    const isDurable = operation === "syncFileSystem" && this.steps + 1 < this.#at;
    this.step();
    if (operation === "create unsynced") this.#making = path;
    if (isDurable) for (const file of this.#unsynced.splice(0)) closeSync(file);
  };

  around(run: Run): Run {
    return async (...call) => {
      this.step();
      const result = await run(...call);
      this.step();
      return result;
    };
  }

  /** Simulates a power cut: content that was not made durable is lost, names stay. */
  cutPower(): void {
    for (const file of this.#unsynced.splice(0)) {
      ftruncateSync(file);
      closeSync(file);
    }
  }
}

/** Runs an apply that is killed at a step. @returns whether it was killed (it may have ended before). */
async function applyKilled(tree: Tree, systemd: FakeSystemd, bundle: Bundle, nemesis: Nemesis): Promise<boolean> {
  const run = nemesis.around(systemd.run);
  const ended = apply(tree.machine({ observe: nemesis.observe, run, live: true }), bundle, secret);
  return ended.then(
    () => false,
    (error: unknown) => {
      if (error instanceof Killed) return true;
      throw error;
    },
  );
}

/** Checks that the generation in force is complete: its record matches its files, and its bundle is one that was sent. */
function inForce(tree: Tree): Bundle {
  const directory = tree.at("/var/lib/fairhost/current");
  const current = readCurrent(tree.machine());
  expect(findDrift(directory, current)).toMatchObject({ changed: new Map(), unknown: [] });
  return current.bundle;
}

/** Checks that the running units match the generation in force: none is missing, left over or outdated. */
function expectConverged(tree: Tree, systemd: FakeSystemd, bundle: Bundle): void {
  expect(inForce(tree).digest).toBe(bundle.digest);
  const units = unitsOf(bundle);
  for (const [name, { want }] of units) {
    if (want === "start") expect(systemd.running.has(name), `${name} runs`).toBe(true);
  }
  for (const [name, text] of systemd.running) {
    expect(units.has(name), `${name} should not run`).toBe(true);
    expect(text, `text of ${name}`).toBe(systemd.text(name));
  }
  const generations = readdirSync(tree.at("/var/lib/fairhost/generations"));
  expect(generations.length).toBeLessThanOrEqual(3);
  expect(
    generations.every((name) => existsSync(join(tree.at("/var/lib/fairhost/generations"), name, "generation.json"))),
  ).toBe(true);
  expect(readFileSync(tree.at("/var/lib/fairhost/secrets/accounts/1"), "utf8")).toHaveLength(44);
}

/** Texts of accounts 1, 2 and 3 and of the host group; undefined means that there is no such account. */
const contents = fc.tuple(
  fc.constantFrom("x", "y"),
  fc.constantFrom("x", "y", ""),
  fc.constantFrom("x", ""),
  fc.constantFrom("x", "y"),
);

function bundle([one, two, three, host]: readonly [string, string, string, string]): Bundle {
  const more = { ...(two && { 2: accountGroup(2, two) }), ...(three && { 3: accountGroup(3, three) }) };
  return bundleOf({ 1: accountGroup(1, one), ...more }, hostGroup(host));
}

test("killed at every single step of a first apply: empty or complete, and the next apply converges", async () => {
  const two = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) });
  let finished = false;
  let steps = 0;
  for (let at = 1; !finished; at++) {
    using tree = new Tree();
    const systemd = new FakeSystemd(tree.root);
    finished = !(await applyKilled(tree, systemd, two, new Nemesis(at)));
    if (existsSync(tree.at("/var/lib/fairhost/current"))) expect(["", "web1"]).toContain(inForce(tree).host);
    const { result } = await apply(tree.machine({ run: systemd.run, live: true }), two, secret);
    expect(["applied", "unchanged"]).toContain(result);
    expectConverged(tree, systemd, two);
    steps = at;
  }
  // The loop really went through a whole apply.
  expect(steps).toBeGreaterThan(60);
}, 120_000);

test("killed at every step from A to B, then A is applied again: the beginnings of B are undone", async () => {
  const a = bundle(["x", "x", "", "x"]);
  const b = bundle(["y", "", "x", "y"]);
  let finished = false;
  for (let at = 1; !finished; at++) {
    using tree = new Tree();
    const systemd = new FakeSystemd(tree.root);
    await apply(tree.machine({ run: systemd.run, live: true }), a, secret);
    systemd.request("account-1-http-blog.service");
    finished = !(await applyKilled(tree, systemd, b, new Nemesis(at)));
    const isB = inForce(tree).digest === b.digest;
    systemd.request(isB ? "account-3-http-blog.service" : "account-2-http-blog.service");
    await apply(tree.machine({ run: systemd.run, live: true }), a, secret);
    expectConverged(tree, systemd, a);
  }
}, 120_000);

test("killed at every step of an apply that reuses an old generation: the old or the new one in force, and nothing recycled is taken for complete", async () => {
  const a = bundle(["x", "x", "", "x"]);
  const b = bundle(["y", "", "x", "x"]);
  let finished = false;
  for (let at = 1; !finished; at++) {
    using tree = new Tree();
    const systemd = new FakeSystemd(tree.root);
    for (const sent of [a, b, a, b, a]) {
      await apply(tree.machine({ run: systemd.run, live: true }), sent, secret);
    }
    expect(existsSync(tree.at("/var/lib/fairhost/spare"))).toBe(true);
    finished = !(await applyKilled(tree, systemd, b, new Nemesis(at)));
    expect([a.digest, b.digest]).toContain(inForce(tree).digest);
    await apply(tree.machine({ run: systemd.run, live: true }), b, secret);
    expectConverged(tree, systemd, b);
  }
}, 240_000);

test("killed anywhere from A to B, then anywhere on the way to C: always a complete A, B or C, and C in the end", async () => {
  const step = fc.integer({ min: 1, max: 110 });
  const property = fc.asyncProperty(fc.tuple(contents, contents, contents), step, step, async (sent, first, second) => {
    const [a, b, c] = sent.map(bundle) as [Bundle, Bundle, Bundle];
    using tree = new Tree();
    const systemd = new FakeSystemd(tree.root);
    await apply(tree.machine({ run: systemd.run, live: true }), a, secret);
    systemd.request("account-1-http-blog.service");
    await applyKilled(tree, systemd, b, new Nemesis(first));
    expect([a.digest, b.digest]).toContain(inForce(tree).digest);
    if (unitsOf(inForce(tree)).has("account-2-http-blog.service")) systemd.request("account-2-http-blog.service");
    await applyKilled(tree, systemd, c, new Nemesis(second));
    expect([a.digest, b.digest, c.digest]).toContain(inForce(tree).digest);
    await apply(tree.machine({ run: systemd.run, live: true }), c, secret);
    expectConverged(tree, systemd, c);
  });
  await fc.assert(property, { numRuns: 40 });
}, 240_000);

test("a power cut instead: content that was not made durable is not trusted", async () => {
  // Enough files that they are made durable together, at the end.
  const many = (text: string) =>
    hostGroup(
      text,
      Array.from({ length: 70 }, (_, index) => ({ path: `env/${index}`, content: `${text} ${index}` })),
    );
  const a = bundleOf({ 1: accountGroup(1) }, many("a"));
  const b = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) }, many("b"));
  let finished = false;
  for (let at = 1; !finished; at += at < 100 ? 9 : 1) {
    using tree = new Tree();
    const systemd = new FakeSystemd(tree.root);
    await apply(tree.machine({ run: systemd.run, live: true }), a, secret);
    const nemesis = new Nemesis(at);
    const killed = await applyKilled(tree, systemd, b, nemesis);
    nemesis.cutPower();
    finished = !killed;
    expect([a.digest, b.digest]).toContain(inForce(tree).digest);
    // After the boot, units run as found on disk, and nothing else runs.
    systemd.running.clear();
    await systemd.run("systemctl", ["daemon-reload"]);
    await recover(tree.machine({ run: systemd.run, live: true }));
    await apply(tree.machine({ run: systemd.run, live: true }), b, secret);
    expectConverged(tree, systemd, b);
    expect(readFileSync(tree.at("/var/lib/fairhost/secrets/accounts/2"), "utf8")).toHaveLength(44);
  }
}, 240_000);
