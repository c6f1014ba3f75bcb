import { usualStandbyMinutes } from "../../components/account/standby-copy.ts";
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
  /** When the newest backup that its standby has a copy of came to the backup host, ISO 8601. Absent without a standby, or a copy. */
  readonly copy?: string;
  /** Newest drill that restored all of it, signed by its host. */
  readonly proof?: string;
  /** Seconds that it would take from the beginning of its restore until it is in service, as that drill has shown. */
  readonly seconds?: number;
  /** Where it would go, or why nowhere. */
  readonly to: { readonly host: string } | { readonly nowhere: string };
  /**
   * Seconds from the beginning of the restores until it is there: accounts of a lost host are restored one after the other. Without the time until
   * somebody declares the host lost, and without that of the deploy. The longest until then counts twice: each is known from one drill, and not every restore takes as long as the drill
   * before it. Absent if nobody knows it of an account before it.
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
  /** Of accounts whose standby it is. */
  readonly copies?: readonly Copy[];
}

/** A standby's copy of an account, as the standby says. */
interface Copy {
  readonly account: number;
  /** When it last had all that the backup host has. */
  readonly compared?: string | undefined;
  readonly copy?: { readonly time: string } | undefined;
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

/**
 * Seconds that an account's newest backup may be old, as drift allows it (host/inspect/checks/backups.ts): a day and a half, or twice the minutes of its plan if it has a standby.
 */
export function allowedAge(
  { standby, plan }: { readonly standby?: string | undefined; readonly plan: string },
  plans: Declaration["plans"],
): number {
  if (standby === undefined) return 36 * 3600;
  return 2 * 60 * (plans.find(({ name }) => name === plan)?.standbyMinutes ?? usualStandbyMinutes);
}

/** @param now milliseconds */
export function recoveries(declaration: Declaration, answers: readonly Answer[], now: number): Recovery[] {
  const known = new Map(
    answers.flatMap(({ host, accounts }) => accounts.map((each) => [`${host} ${each.account}`, each])),
  );
  const copies = new Map(
    answers.flatMap(({ host, copies = [] }) => copies.map((each) => [`${host} ${each.account}`, each])),
  );
  const minutesOf = new Map(declaration.plans.map(({ name, standbyMinutes }) => [name, standbyMinutes]));
  const rows = [...Map.groupBy(declaration.accounts, ({ host }) => host)].flatMap(([host, accounts]) => {
    const isLost = declaration.hosts.some(({ name, lost }) => name === host && lost !== undefined);
    const { moves, homeless } = planTakeover(declaration, [host]);
    let passed: number | undefined = 0;
    let longest = 0;
    return accounts
      .toSorted((left, right) => left.number - right.number)
      .map(({ number, name, backup, standby, plan }): Recovery => {
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
        else {
          const [old, most] = [now - Date.parse(time), allowedAge({ standby, plan }, declaration.plans)];
          if (old > most * 1000)
            problems.push(
              `its newest backup is ${Math.floor(old / 3_600_000)} hours old, and should be ${most / 3600} at most`,
            );
        }
        const promised = backup && (backup.proofDays ?? usualProofDays);
        const age = seen?.proof && (now - Date.parse(seen.proof.time)) / 86_400_000;
        if (seen && age === undefined)
          problems.push(seen.rest ? "no drill has restored all of it" : "no drill has restored it");
        else if (age !== undefined && promised !== undefined && age > promised)
          problems.push(`its proof is ${Math.floor(age)} days old, and its plan allows ${promised}`);
        const copied = standby === undefined ? undefined : copies.get(`${standby} ${number}`);
        if (standby !== undefined && backup !== undefined)
          problems.push(...copyProblems(standby, copied, minutesOf.get(plan) ?? usualStandbyMinutes, now));
        const to = moves.find((move) => move.number === number);
        const reason = homeless.find((each) => each.number === number)?.reason ?? "its host is not known";
        const seconds = seen?.proof?.seconds;
        passed = passed === undefined || seconds === undefined ? undefined : passed + seconds;
        longest = Math.max(longest, seconds ?? 0);
        if (!to) problems.push(`no other host has room for it: ${reason}`);
        return {
          ...{ account: number, name, host },
          ...(time !== undefined && { backup: time }),
          ...(copied?.copy && !isAhead(copied.copy.time, now) && { copy: copied.copy.time }),
          ...(seen?.proof && { proof: seen.proof.time, seconds: seen.proof.seconds }),
          to: to ? { host: to.host } : { nowhere: reason },
          ...(passed !== undefined && { backAfter: Math.round((passed + longest) * 10) / 10 }),
          problems,
        };
      });
  });
  return rows.sort((left, right) => left.account - right.account);
}

/** What is wrong with a standby's copy, in sentences. */
function copyProblems(standby: string, copied: Copy | undefined, minutes: number, now: number): string[] {
  if (!copied) return [`its standby ${standby} does not say what it has of it`];
  if (!copied.copy) return [`its standby ${standby} has no copy of it`];
  const { compared } = copied;
  if (isAhead(copied.copy.time, now) || (compared !== undefined && isAhead(compared, now)))
    return [`its copy on standby ${standby} is dated in the future`];
  const age = compared === undefined ? Infinity : Math.floor((now - Date.parse(compared)) / 60_000);
  // Of a host that is there, three quarters of its minutes old when it is made, and one more quarter, at most, when it is fetched.
  const old = Math.floor((now - Date.parse(copied.copy.time)) / 60_000);
  if (age <= minutes)
    return old <= 2 * minutes
      ? []
      : [`the newest backup on its standby ${standby} is ${old} minutes old, and its plan allows ${minutes}`];
  const since = age === Infinity ? "is not whole" : `has not had all of its backups for ${age} minutes`;
  return [`its copy on standby ${standby} ${since}, and its plan allows ${minutes}`];
}
