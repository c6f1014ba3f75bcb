import { type HeldMaster, newerStamp } from "../components/backup/stamps.ts";
import type { AnswerStamp } from "../delivery/protocol/answers.ts";
import type { Delivery } from "../delivery/protocol/bundle.ts";
import { resourceName } from "../delivery/protocol/resources.ts";

/** What the last deliveries that succeeded have brought to hosts. */
export interface HeldDeliveries {
  /** The master secret of each host, by its name. */
  readonly masters: ReadonlyMap<string, HeldMaster>;
  /** The newest stamps of answers, by the host that asks. */
  readonly stamps: ReadonlyMap<string, AnswerStamp>;
  /** Accounts that each host was told to wait for, by its name. */
  readonly awaited: ReadonlyMap<string, readonly number[]>;
}

/** @param sent standard inputs of commands that the stack holds, by the name of their resource */
export function heldDeliveries(sent: Iterable<readonly [string, string]>): HeldDeliveries {
  const masters = new Map<string, HeldMaster>();
  const stamps = new Map<string, AnswerStamp>();
  const told = new Map<string, readonly number[]>();
  const suffix = resourceName("", "apply");
  for (const [name, stdin] of sent) {
    const {
      secretEpoch,
      masterSecret,
      answers = {},
      answered,
      awaited,
    } = name.endsWith(suffix) ? readDelivery(stdin) : {};
    const host = name.slice(0, -suffix.length);
    if (secretEpoch !== undefined && masterSecret !== undefined)
      masters.set(host, { epoch: secretEpoch, master: Buffer.from(masterSecret, "base64") });
    if (awaited !== undefined) told.set(host, awaited);
    const said = [
      ...Object.entries(answers),
      ...(answered === undefined ? [] : [[host, { number: answered }] as const]),
    ];
    for (const [of, stamp] of said) stamps.set(of, newerStamp(stamps.get(of), stamp));
  }
  return { masters, stamps, awaited: told };
}

function readDelivery(stdin: string): Partial<Delivery> {
  try {
    return JSON.parse(stdin) as Partial<Delivery>;
  } catch {
    // An interrupted run may have left anything.
    return {};
  }
}
