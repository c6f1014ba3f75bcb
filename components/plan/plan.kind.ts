import { z } from "zod";
import { count } from "../../lib/text.ts";
import { differences, effect } from "../change.ts";
import { failures, flag, number, promise, text, waivers } from "../inputs.ts";
import { type Kind, ownFile } from "../kind.ts";
import { eachLimit } from "./limits.ts";

export const inputs = z.strictObject({
  waivers,
  name: text,
  ...eachLimit(() => promise(number)),
  retentionDays: promise(number),
  survives: promise(z.array(z.enum(failures))).describe(
    "Kinds of elements of which any single one can fail without taking an account down.",
  ),
  takeover: promise(flag).describe(
    "Whether the other hosts of the group keep free capacity for its accounts when their host is lost.",
  ),
  guaranteed: z
    .strictObject({ cores: promise(number), memoryMb: promise(number) })
    .describe("What every account gets on a full host: cores (0.05 = a twentieth of one) and MiB."),
  overcommit: z
    .strictObject({ memory: number, disk: number })
    .describe("How many times a host's memory and disk may be promised to accounts of this plan."),
});

/** A plan: limits and promises of its accounts. */
export const kind: Kind<"plans"> = {
  key: "plans",
  name: "plan",
  words: ["plan", "plans"],
  type: "fairhost:account:Plan",
  identity: ["name"],
  inputs,
  resourceName: ({ name }) => `plan-${name}`,
  concerns: "fleet",
  retired: "freely",
  deletion: "free",
  declare: ({ fleet }) => fleet.plans,
  place: ownFile("plans"),
  describe: (change, { after }) => {
    if (change.op !== "update") return undefined;
    const { name } = change.after;
    const members = after.accounts.filter(({ plan }) => plan === name).map(({ number }) => number);
    return [
      effect(
        change.subject,
        `Changes plan ${name}: ${differences(change)}; ${count(members.length, "account")}.`,
        members,
      ),
    ];
  },
};
