import { timingSafeEqual } from "node:crypto";
import { type AnswerStamp, signAnswer } from "../../delivery/protocol/answers.ts";
import type { HostAnswer } from "../../delivery/protocol/backups.ts";
import type { Machine } from "../os/machine.ts";
import { masterOf } from "../store/secrets.ts";

/** What the controller says of a lost host, through a backup host. */
export interface Lost {
  /** The day on which it was declared lost. */
  readonly lost: string;
  /** Numbers of the accounts that are declared on it all the same. */
  readonly accounts: readonly number[];
  /** Of two answers the one with the higher number is newer. */
  readonly number: number;
}

/** What a backup host says to this host, or why that is no answer. */
export type ReadAnswer = { readonly answer: Lost | "not lost" } | { readonly invalid: string };

/** Characters of an answer: numbers of all accounts that a host can have, and more. */
const longest = 1 << 20;

/**
 * Reads an answer to this host. A backup host may be anybody's by now: that this host is lost counts only if the controller has signed it. That it is not lost
 * changes nothing, so it needs no signature.
 */
export function readHostAnswer(machine: Pick<Machine, "layout">, text: string, host: string): ReadAnswer {
  const makesNoSense = { invalid: "it makes no sense" };
  if (text.length > longest) return makesNoSense;
  const [line = "", second = ""] = text.split("\n");
  const said = parsed<HostAnswer>(line);
  if (said?.host !== host) return makesNoSense;
  const { lost, accounts } = said;
  if (lost === undefined) return { answer: "not lost" };
  const isDay = typeof lost === "string" && /^\d{4}-\d\d-\d\d$/.test(lost);
  if (!isDay || !Array.isArray(accounts) || !accounts.every(Number.isSafeInteger)) return makesNoSense;
  const { number, epoch, signature } = parsed<AnswerStamp>(second) ?? {};
  const master = Number.isSafeInteger(epoch) ? masterOf(machine, epoch!) : undefined;
  const isSigned =
    master?.length &&
    Number.isSafeInteger(number) &&
    typeof signature === "string" &&
    isEqual(signature, signAnswer(master, epoch!, number!, line));
  if (!isSigned)
    return {
      invalid: `it says that ${host} is lost, and no controller that knows the master secret of ${host} has signed that`,
    };
  return { answer: { lost, accounts, number: number! } };
}

function isEqual(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function parsed<T>(text: string): Partial<T> | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null ? (read as Partial<T>) : undefined;
  } catch {
    return undefined;
  }
}
