import { z } from "zod";
import { sortBy } from "../../lib/lists.ts";
import { command, environment, homePath, number, text, waivers } from "../inputs.ts";
import { effect } from "../registry/change.ts";
import { behaviour, derivedField, key } from "../registry/fields/field-class.ts";
import { inAccount, type Kind, ofAccount } from "../registry/kind.ts";
import { argumentSchema, homePathSchema, nameSchema, variableSchema } from "../schema.ts";

export const inputs = z.strictObject({
  waivers,
  account: key(number).describe("Number of the account it belongs to."),
  name: key(text).describe("Unique in the account."),
  host: derivedField(text).describe("The host of its account."),
  everyMinutes: behaviour(number).describe("Minutes from one run to the next."),
  command: command().describe("Program and its arguments."),
  directory: homePath().describe("Where it is started."),
  environment: environment().describe("Environment variables."),
});

/** The list in an account's file. */
export const entries = z
  .array(
    z.strictObject({
      name: nameSchema.max(24).describe("Unique in the account. At most 24 characters."),
      everyMinutes: z.int().min(1).max(10_080).describe("Minutes from one run to the next, at most a week."),
      command: z.array(argumentSchema).min(1).max(64).describe("Program and its arguments. Not read by a shell."),
      directory: z
        .union([z.literal("."), homePathSchema])
        .default(".")
        .describe("Where it is started, inside the account's home. Default the home itself (`.`)."),
      environment: z.record(variableSchema, argumentSchema).default({}).describe("Environment variables; no secrets."),
    }),
  )
  .max(50)
  .default([])
  .describe("What the account is reminded of.");

export const kind: Kind<"reminders"> = {
  key: "reminders",
  name: "reminder",
  words: ["reminder", "reminders"],
  description: "A program that an account has run every so many minutes.",
  type: "fairhost:reminder:Reminder",
  identity: ["account", "name"],
  inputs,
  resourceName: ({ account, name }) => `account-${account}-reminder-${name}`,
  parent: ({ account }) => ["account", String(account)],
  ...ofAccount,
  deletion: "approval",
  declare: ({ accounts }) =>
    accounts.flatMap(({ account }) =>
      sortBy(account.reminders, ({ name }) => name).map((reminder) => {
        return { ...reminder, account: account.number, host: account.host };
      }),
    ),
  ...inAccount("reminders"),
  describe: ({ op, subject, after }) => {
    if (op !== "create") return undefined;
    const { account, name, everyMinutes } = after;
    return [effect(subject, `Reminds account ${account} of ${name} every ${everyMinutes} minutes.`, [account])];
  },
};
