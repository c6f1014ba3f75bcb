import fc from "fast-check";
import { expect, test } from "vitest";
import { restoreRequests } from "../../delivery/protocol/restores.ts";
import { accountGroup, bundleOf, Tree } from "../../testing/fakes/host-tree.ts";
import { noteRestores, openRestores, readRestore, writeRestore } from "./restores.ts";

const wish = (id: string) => ({
  path: `${restoreRequests}1`,
  content: `${JSON.stringify({ account: 1, id, snapshot: "2026-11-28", what: ["all"] })}\n`,
});
/** What is delivered: without the account, or with it and a wish. */
const bundle = (id: string | undefined) =>
  id === undefined ? bundleOf({}) : bundleOf({ 1: accountGroup(1, "one", id === "" ? [] : [wish(id)]) });

test("a wish is due at most once, and only on a host that had the account before without it", () => {
  const deliveries = fc.array(fc.constantFrom(undefined, "", "a", "b", "c"), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(deliveries, fc.infiniteStream(fc.boolean()), (ids, runs) => {
      using tree = new Tree();
      const machine = tree.machine();
      /** Since the account came to the host: ids that were asked for. */
      let known = new Set<string>();
      let before: string | undefined;
      for (const id of ids) {
        const isNew = id && before !== undefined && before !== id && !known.has(id);
        // A killed delivery is repeated.
        for (let count = 0; count < 2; count++) noteRestores(machine, bundle(before), bundle(id));
        const state = readRestore(machine, 1);
        if (id) expect(state).toMatchObject({ id });
        if (isNew) expect(state?.phase).toBe("due");
        // One that is over stays over.
        else if (id && before !== id) expect(state?.phase).not.toBe("due");
        if (id && before === undefined) expect(state?.phase).toBe("passed");
        if (!id && state) expect(state.phase).not.toBe("due");
        if (id === undefined) known = new Set();
        else if (id) known.add(id);
        // Its host does it, or not yet.
        if (state?.phase === "due" && runs.next().value) writeRestore(machine, 1, { ...state, phase: "done" });
        before = id;
      }
    }),
    { numRuns: 200 },
  );
});

test("a wish whose state is lost is left alone, and one that is damaged is said", () => {
  using tree = new Tree();
  const machine = tree.machine();
  expect(noteRestores(machine, bundle("a"), bundle("a"))).toEqual([
    expect.stringMatching(/^account 1: restore a is left alone: whether it was done is not known/),
  ]);
  machine.disk.replace(tree.at("/var/lib/fairhost/restores/1.json"), "x", 0o600);
  expect(() => readRestore(machine, 1)).toThrow(/restores\/1\.json is damaged\. Look at what account 1 has/);
  expect(openRestores(machine, bundle("a"))).toEqual([
    { number: 1, text: "account 1: how far restore a is cannot be read" },
  ]);
});

test("one that is under way ends before the next begins", () => {
  using tree = new Tree();
  const machine = tree.machine();
  writeRestore(machine, 1, { id: "a", phase: "switching", since: "2026-11-30T00:00:00Z" });
  expect(noteRestores(machine, bundle("a"), bundle("b"))).toEqual([
    expect.stringMatching(/^account 1: restore b waits: restore a was begun and is not complete/),
  ]);
  expect(readRestore(machine, 1)).toMatchObject({ id: "a", phase: "switching" });
});
