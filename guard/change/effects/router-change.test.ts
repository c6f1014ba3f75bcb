import { expect, test } from "vitest";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { declare } from "../../../fleet/declare/declare.ts";
import { loadFleet } from "../../../fleet/load/load.ts";
import { between, reviewed, step } from "../../../testing/test-guard-rule.ts";
import type { DeliveryFacts, EngineStep } from "../../engine/engine-step.ts";
import { fileGroups } from "../../report/file-diffs.ts";
import { verdictOf } from "../../report/summary.ts";
import type { Reviewed } from "../../verdict/outcome.ts";
import type { Review } from "../../verdict/review.ts";

const trial = declare((await loadFleet("inventory/trial")).fleet);
const withRouters = (change: Partial<Declaration["routers"][number]>, name?: string): Declaration => ({
  ...trial,
  routers: trial.routers.map((router) => ({
    ...{ ...router, ssh: { address: "fd00:8000::1", port: 22 } },
    ...(name === undefined || router.name === name ? change : {}),
  })),
});
const reached = withRouters({});
const lessOne = { ...reached, addresses: reached.addresses.slice(1) };
/** What the review says of routers. */
const said = ({ effects }: Review) =>
  effects.flatMap(({ subject, sentence }) => (subject.kind === "router" ? sentence : []));
const compared = (before: Declaration, after: Declaration, engine: readonly EngineStep[] = []) =>
  reviewed({ ...between(before, after), engine });

test("an account that comes: which files of each router change, what that does, and the files themselves", () => {
  const review = compared(lessOne, reached);
  expect(said(review)).toEqual([
    "Rewrites 1 file of router-1 itself: bird/bird.conf.",
    "Rewrites the routing of router-1: reload, sessions stay up.",
    "Rewrites 1 file of router-2 itself: frr/frr.conf.",
    "Rewrites the routing of router-2: what differs is told to FRR, other sessions stay up.",
  ]);
  expect(review.stages.map(({ hosts }) => hosts)).toContainEqual(["router-1"]);
  const outcome = { review, ...between(lessOne, reached) } as unknown as Reviewed;
  expect(fileGroups(outcome).map(({ title }) => title)).toEqual(
    expect.arrayContaining(["router-1 itself: 1 file", "router-2 itself: 1 file"]),
  );
});

test("a change of one router says nothing of the other", () => {
  const review = compared(reached, withRouters({ gracefulShutdown: true }, "router-2"));
  expect(said(review).filter((sentence) => sentence.startsWith("Rewrites"))).toEqual([
    "Rewrites 1 file of router-2 itself: frr/frr.conf.",
    "Rewrites the routing of router-2: what differs is told to FRR, other sessions stay up.",
  ]);
  expect(said(compared(reached, reached))).toEqual([]);
});

test("a router that is reached from now on, and one whose state cannot be read", () => {
  expect(said(compared(trial, reached))).toContain(
    "Delivers to router-1 for the first time: its routing, and its interfaces if the inventory names its ports, follow the inventory from now on.",
  );
  expect(said(compared({ ...reached, sites: [] }, reached))).toContain(
    'Cannot show everything that changes on router-1: the site of router router-1, "trial", is not in the fleet.',
  );
});

test("a router that loses its ssh gets nothing", () => {
  expect(said(compared(reached, trial)).filter((sentence) => /^(Rewrites|Delivers)/.test(sentence))).toEqual([]);
});

test("of a preview: the same delivery again, one that may be another, and another applier", () => {
  const apply = step({ op: "update", name: "router-1-apply", router: "router-1" });
  const side = ({ before }: ReturnType<typeof between>, facts: Partial<DeliveryFacts>) => ({
    ...before,
    deliveries: new Map([["router-1", { host: "router-1", digest: "d", applier: "a", ...facts }]]),
  });
  const both = between(reached, reached);
  const redelivered = (before: Partial<DeliveryFacts>, after: Partial<DeliveryFacts>) =>
    reviewed({ before: side(both, before), after: side(both, after), engine: [apply] });
  expect(said(redelivered({}, {}))).toEqual([
    "Delivers to router-1 again (the last delivery failed, a repair is due, or the way to reach the router changed): repairs what is missing; everything else is unchanged.",
  ]);
  expect(said(redelivered({}, { digest: "e" }))).toEqual([
    "Delivers to router-1 again, whole; any of its files may change: the program renders differently, or the router is a different one.",
  ]);
  const review = redelivered({}, { applier: "b" });
  expect(said(review)).toEqual(["Installs another applier on router-1."]);
  expect(review.stages.map(({ hosts }) => hosts)).toEqual([["router-1"]]);
  // Nothing else changes, and that is something.
  expect(verdictOf({ kind: "reviewed", review } as unknown as Reviewed).todo).toBe("It can be deployed.");
});
