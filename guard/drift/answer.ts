import { z } from "zod";
import type { Health, Inspection } from "../../delivery/protocol/inspection.ts";
import type { MoveState } from "../../host/moves/state.ts";
import { SshError } from "./ssh.ts";

const group = z.string();
const differences = z.array(z.looseObject({ kind: z.string() }));

/** What answers must have for those who read them; releases differ in what else they say. The applier of 0.1.0 says `findings`. */
const schemas = {
  inspect: z.looseObject({
    generation: z.number(),
    differences: differences.optional(),
    findings: differences.optional(),
  }),
  health: z.looseObject({
    healthy: z.boolean(),
    problems: z.array(z.looseObject({ group, message: z.string() })),
    woken: z.array(z.looseObject({ account: z.number(), status: z.number() })),
    notes: z.array(z.string()).optional(),
  }),
  "move state": z.looseObject({
    ...{ declared: z.boolean(), inForce: z.boolean(), whole: z.boolean() },
    ...{ held: z.boolean(), coming: z.boolean(), leaving: z.boolean() },
    restoring: z.string().optional(),
    databases: z.array(z.looseObject({ engine: z.string(), name: z.string() })),
  }),
} as const;

type InspectionOfAnyRelease = Pick<Inspection, "generation"> & {
  readonly [key in "differences" | "findings"]?: Inspection["differences"];
};

interface Answers {
  readonly inspect: InspectionOfAnyRelease;
  readonly health: Health;
  readonly "move state": MoveState;
}

/**
 * Reads what the applier of a host has answered.
 * @param what its command
 * @throws SshError with the host's name if it is cut, or something else has written into it, such as a profile that prints
 */
export function readAnswer<What extends keyof Answers>(host: string, what: What, stdout: string): Answers[What] {
  try {
    return schemas[what].parse(JSON.parse(stdout)) as unknown as Answers[What];
  } catch {
    const begin = stdout.trim().slice(0, 200);
    const seen = begin === "" ? "it is empty" : `it begins with ${JSON.stringify(begin)}`;
    throw new SshError(
      host,
      "unreadable",
      `${host}: the answer of \`fairhost-host ${what}\` cannot be read: ${seen}. If a profile of the login prints something, remove that`,
    );
  }
}
