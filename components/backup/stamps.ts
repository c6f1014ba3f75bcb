import { type AnswerStamp, signAnswer } from "../../delivery/protocol/answers.ts";
import type { Declaration } from "../registry/kinds.generated.ts";
import { answerTo } from "./answers.ts";

/** A master secret of a host, as the stack holds it. */
export interface HeldMaster {
  readonly epoch: number;
  readonly master: Uint8Array;
}

/** Numbers for each day: so many answers to one host on the day of its loss keep their order even if the state forgets them. */
const perDay = 1000;

/**
 * Stamps of the answers to all hosts that were ever lost, by host. The number of an answer that says what it said before stays, so nothing differs. A new one is
 * higher than all that the stack holds, and at least what the day of the loss gives: a state that was restored from an older copy has forgotten numbers.
 * @param before the newest stamps that the stack holds
 * @param masters of the hosts; a lost one without has never had a delivery
 */
export function stampAnswers(
  { hosts, accounts }: Pick<Declaration, "hosts" | "accounts">,
  before: ReadonlyMap<string, AnswerStamp>,
  masters: ReadonlyMap<string, HeldMaster>,
): Map<string, AnswerStamp> {
  const stamps = new Map<string, AnswerStamp>();
  for (const host of hosts) {
    if (host.role === "backup") continue;
    const last = before.get(host.name) ?? { number: 0 };
    if (host.lost === undefined) {
      const number = last.signature === undefined ? last.number : last.number + 1;
      if (number > 0) stamps.set(host.name, { number });
      continue;
    }
    const held = masters.get(host.name);
    if (held === undefined) continue;
    const { epoch, master } = held;
    const signature = (number: number) => signAnswer(master, epoch, number, answerTo(host, accounts));
    const isSame = last.signature !== undefined && last.signature === signature(last.number);
    const number = isSame ? last.number : Math.max(last.number + 1, (Date.parse(host.lost) / 86_400_000) * perDay);
    stamps.set(host.name, { number, epoch, signature: signature(number) });
  }
  return stamps;
}

/** The newer of two stamps of a host. */
export function newerStamp(left: AnswerStamp | undefined, right: AnswerStamp): AnswerStamp {
  return left === undefined || right.number > left.number ? right : left;
}
