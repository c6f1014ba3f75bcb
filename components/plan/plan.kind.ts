import { z } from "zod";
import { count } from "../../lib/text/text.ts";
import { failures, flag, number, text, waivers } from "../inputs.ts";
import { differences, effect } from "../registry/change.ts";
import { key, promise, trust } from "../registry/fields/field-class.ts";
import { type Kind, ownFile } from "../registry/kind.ts";
import { limitInputs } from "./each-limit.ts";

export const inputs = z.strictObject({
  waivers,
  name: key(text).describe("Unique in the fleet."),
  ...limitInputs(),
  passwordLogins: trust(flag)
    .exactOptional()
    .describe("Whether users of its accounts may log in by password; not if it is missing."),
  retentionDays: promise(number).describe("Days backups are kept."),
  proofDays: promise(number, { weaker: "more", later: true })
    .exactOptional()
    .describe("Days after which a proof that the newest backup of an account can be restored is too old."),
  standbyMinutes: promise(number, { weaker: "more", later: true })
    .exactOptional()
    .describe("Minutes after which all that is new in an account has come to its standby."),
  wakeSeconds: promise(number, { weaker: "more", later: true })
    .exactOptional()
    .describe(
      "Seconds within which all HTTP servers and services that never rest have started after a reboot or a takeover.",
    ),
  survives: promise(z.array(z.enum(failures))).describe(
    "Kinds of elements of which any single one can fail without taking an account down.",
  ),
  takeover: promise(flag).describe(
    "Whether the other hosts of the group keep free capacity for its accounts when their host is lost.",
  ),
  guaranteed: z
    .strictObject({
      cores: promise(number).describe("Share of a core on a busy host."),
      memoryMb: promise(number).describe("MiB of memory on a full host."),
    })
    .describe("What every account gets on a full host: cores (0.05 = a twentieth of one) and MiB."),
  overcommit: promise(
    z.strictObject({
      memory: number.describe("Times a host's memory."),
      disk: number.describe("Times a host's disk."),
    }),
    { weaker: "more" },
  ).describe("How many times over a host's memory and disk may be promised to accounts of this plan."),
});

export const kind: Kind<"plans"> = {
  key: "plans",
  name: "plan",
  words: ["plan", "plans"],
  description: "A plan: limits, and what its accounts are promised.",
  type: "fairhost:account:Plan",
  identity: ["name"],
  inputs,
  resourceName: ({ name }) => `plan-${name}`,
  concerns: "fleet",
  retired: "freely",
  deletion: "free",
  declare: ({ fleet }) =>
    fleet.plans.map(({ passwordLogins, ...plan }) => ({ ...plan, ...(passwordLogins && { passwordLogins }) })),
  ...ownFile("plans"),
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
