import type { WaiverInputs } from "../../components/inputs.ts";
import { between, testGuardRule, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { waiversApproved } from "./waivers-approved.ts";

/** The fixture with a waiver until that day. */
const until = (expires: string, change: Partial<WaiverInputs> = {}) => {
  const waiver = { rule: "hot-swap-ssds", owner: "Ada", reason: "The new disk is ordered.", expires, ...change };
  return changed(valid, "hosts", 0, (host) => ({
    ...host,
    disks: host.disks.map((disk) => ({ ...disk, hotSwap: false })),
    waivers: [waiver],
  }));
};

testGuardRule(waiversApproved, {
  "a waiver is added": {
    change: between(until("2026-12-22", { rule: "two-disks" }), until("2026-12-22")),
    expect: [
      "needs approval: host h1 waivers.0: Waives rule hot-swap-ssds for host h1 until 2026-12-22, owner Ada: The new disk is ordered. [waive host h1]",
    ],
  },
  "a waiver is extended": {
    change: between(until("2026-12-01"), until("2026-12-22")),
    expect: [
      "needs approval: host h1 waivers.0: Extends the waiver of rule hot-swap-ssds for host h1 from 2026-12-01 to 2026-12-22, owner Ada: The new disk is ordered. [waive host h1]",
    ],
  },
  "a waiver ends earlier": { change: between(until("2026-12-22"), until("2026-12-01")), expect: [] },
  "a waiver now excuses one property alone": {
    change: between(until("2026-12-22"), until("2026-12-22", { path: "disks" })),
    expect: [
      "needs approval: host h1 waivers.0: Waives rule hot-swap-ssds for host h1 until 2026-12-22, owner Ada: The new disk is ordered. [waive host h1]",
    ],
  },
});
