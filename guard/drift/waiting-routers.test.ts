import { expect, test } from "vitest";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Difference } from "../../delivery/protocol/inspection.ts";
import { formatDrift } from "./format-drift.ts";
import type { HostDrift } from "./inspect-hosts.ts";
import { withWaits } from "./waiting-routers.ts";

const routers = ["router-1", "router-2", "router-3"].map((name) => ({
  name,
  site: name === "router-3" ? "far" : "lab",
}));
const declaration = { routers } as unknown as Declaration;
const fleet = { stack: "prod-routers", cells: ["main", "second"] };
const outdated: Difference = {
  ...{ group: "host", kind: "generation-outdated", what: "generation 4", repaired: "by the next deploy" },
  message: "host differs from its declaration",
};
const byHand: Difference = { ...outdated, kind: "file-changed", what: "x", message: "bird/bird.conf was changed" };
const answer = (host: string, ...differences: Difference[]): HostDrift => ({
  ...{ host, router: true as const, generation: 4, differences },
});
const told = (...results: HostDrift[]) => formatDrift(withWaits(results, declaration, fleet), "prod-routers");

test("a router whose pair has what is declared waits for the cells, and is not called drifted", () => {
  expect(told(answer("router-1"), answer("router-2", outdated))).toBe(`router-1, generation 4: no drift

router-2, generation 4: waits for a deploy
  router-1 of site lab has what is declared already; first deploy 2 cells as far as they changed (main, second), then: npm run guard -- deploy -s prod-routers

2 of 2 routers answered; 1 router waits for a deploy.
`);
});

test("routers of which none of the site has it wait for their own stack", () => {
  const lines = told(answer("router-1", outdated), answer("router-2", outdated), answer("router-3"));
  expect(
    lines.match(/^ {2}npm run guard -- deploy -s prod-routers: it delivers to one router of a site/gm),
  ).toHaveLength(2);
  expect(lines).toContain("3 of 3 routers answered; 2 routers wait for a deploy.");
});

test("what else differs is drift still, and one that does not answer says nothing of the others", () => {
  const text = told(answer("router-1", byHand), answer("router-2", outdated, byHand), {
    ...{ host: "router-3", router: true, error: "router-3 refuses connections" },
  });
  expect(text).toContain("router-2, generation 4: waits for a deploy\n  router-1 of site lab has what is declared");
  expect(text.match(/bird\/bird\.conf was/g)).toHaveLength(2);
  expect(text).not.toContain("generation-outdated");
  expect(text).toContain(`2 of 3 routers answered; 1 router waits for a deploy; 2 differences on 2 routers.
2 will be repaired by the next deploy; 1 router did not answer.
Repair: npm run guard -- deploy -s prod-routers --repair`);
});

test("JSON keeps all differences", () => {
  const [first] = withWaits([answer("router-1", outdated)], declaration, fleet);
  expect(first).toMatchObject({ differences: [outdated], waits: expect.stringContaining("deploy -s prod-routers") });
});
