import type { Fixture } from "../../testing/fixtures/kind-fixture.ts";
import type { PlanInputs } from "../registry/kinds.generated.ts";

/** A valid plan.
 */
export function planFixture(change: Partial<PlanInputs> = {}): PlanInputs {
  return {
    name: "small",
    cpuWeight: 100,
    ioWeight: 100,
    memoryMaxMb: 512,
    swapMaxMb: 0,
    tasksMax: 128,
    openFiles: 524_288,
    diskGb: 10,
    inodes: 250_000,
    cacheMemoryMb: 32,
    cacheDiskMb: 0,
    outgoingConnections: 1000,
    outgoingPerSecond: 50,
    mailsPerMinute: 60,
    passwordLogins: true,
    retentionDays: 7,
    proofDays: 30,
    standbyMinutes: 60,
    wakeSeconds: 120,
    survives: ["disk", "supply", "chain", "link", "switch", "router", "operator"],
    takeover: true,
    guaranteed: { cores: 0.05, memoryMb: 64 },
    overcommit: { memory: 8, disk: 4 },
    ...change,
  };
}

export const fixture: Fixture<"plans"> = () => [planFixture()];
