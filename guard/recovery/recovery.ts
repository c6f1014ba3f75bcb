import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { isAhead, usualProofDays } from "../../delivery/protocol/proofs.ts";
import { planTakeover } from "../../policies/takeover.ts";

/** What is known of how one account would come back if its host were lost now: seen by drills, not declared. */
export interface Recovery {
  readonly account: number;
  readonly name: string;
  readonly host: string;
  /** Time of its newest backup, ISO 8601: what came later would be lost. */
  readonly backup?: string;
  /** Newest drill that restored all of it, signed by its host. */
  readonly proof?: string;
  /** Seconds that its restore took then. */
  readonly seconds?: number;
  /** Where it would go, or why nowhere. */
  readonly to: { readonly host: string } | { readonly nowhere: string };
  /**
   * Seconds from the beginning of the restores until it is there: accounts of a lost host are restored one after the other. Without the time until
   * somebody declares the host lost, and without that of the deploy. Absent if nobody knows it of an account before it.
   */
  readonly backAfter?: number;
  /** What is wrong, in sentences. */
  readonly problems: readonly string[];
}

/** A host's answer, its records checked: {@link readAnswer}. */
export interface Answer {
  readonly host: string;
  readonly accounts: readonly {
    readonly account: number;
    readonly backup: { readonly last?: { readonly time: string } | undefined };
    /** Since when drills could have restored it, ISO 8601, as its host says. */
    readonly since?: string;
    readonly proof?: { readonly time: string; readonly seconds: number };
    /** A newer drill that restored all but databases whose dump the account itself has spoilt; and these, in words. */
    readonly rest?: { readonly time: string; readonly without: string };
    readonly problems: readonly string[];
  }[];
}

/** A host that gave no {@link Answer}, and why. */
export interface NoAnswer {
  readonly host: string;
  /** `silent`: it could not be asked, or does not know the question yet. `nonsense`: what it says is no report. */
  readonly kind: "silent" | "nonsense";
  /** Of a silent host a whole sentence. */
  readonly why: string;
}

export const isAnswer = (answer: Answer | NoAnswer): answer is Answer => "accounts" in answer;

/** A sentence for people. */
export function noAnswerWords({ host, kind, why }: NoAnswer): string {
  return kind === "silent" ? why : `${host}: no usable report of its backups: ${why}`;
}

/** @param now milliseconds */
export function recoveries(declaration: Declaration, answers: readonly Answer[], now: number): Recovery[] {
  const known = new Map(
    answers.flatMap(({ host, accounts }) => accounts.map((each) => [`${host} ${each.account}`, each])),
  );
  const rows = [...Map.groupBy(declaration.accounts, ({ host }) => host)].flatMap(([host, accounts]) => {
    const isLost = declaration.hosts.some(({ name, lost }) => name === host && lost !== undefined);
    const { moves, homeless } = planTakeover(declaration, host);
    let passed: number | undefined = 0;
    return accounts
      .toSorted((left, right) => left.number - right.number)
      .map(({ number, name, backup }): Recovery => {
        const seen = known.get(`${host} ${number}`);
        const problems = [...(seen?.problems ?? [])];
        const newest = seen?.backup.last?.time;
        const isFuture = newest !== undefined && isAhead(newest, now);
        const time = isFuture ? undefined : newest;
        if (backup === undefined) problems.push("it has no backup site");
        else if (isLost) problems.push("its host is lost");
        else if (!seen) problems.push("its host does not say");
        else if (isFuture) problems.push(`its newest backup is dated ${newest}, in the future`);
        else if (time === undefined) problems.push("it has no backup");
        const promised = backup && (backup.proofDays ?? usualProofDays);
        const age = seen?.proof && (now - Date.parse(seen.proof.time)) / 86_400_000;
        if (seen && age === undefined)
          problems.push(seen.rest ? "no drill has restored all of it" : "no drill has restored it");
        else if (age !== undefined && promised !== undefined && age > promised)
          problems.push(`its proof is ${Math.floor(age)} days old, and its plan allows ${promised}`);
        const to = moves.find((move) => move.number === number);
        const reason = homeless.find((each) => each.number === number)?.reason ?? "its host is not known";
        const seconds = seen?.proof?.seconds;
        passed = passed === undefined || seconds === undefined ? undefined : passed + seconds;
        if (!to) problems.push(`no other host has room for it: ${reason}`);
        return {
          ...{ account: number, name, host },
          ...(time !== undefined && { backup: time }),
          ...(seen?.proof && { proof: seen.proof.time, seconds: seen.proof.seconds }),
          to: to ? { host: to.host } : { nowhere: reason },
          ...(passed !== undefined && { backAfter: Math.round(passed * 10) / 10 }),
          problems,
        };
      });
  });
  return rows.sort((left, right) => left.account - right.account);
}
