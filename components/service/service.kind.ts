import { z } from "zod";
import { sortBy } from "../../lib/lists.ts";
import { once } from "../../lib/once.ts";
import { commandEntry, programEntry, programInputs } from "../account/sandbox/own-program.ts";
import { visitedPorts } from "../account-network/links.ts";
import { command, number, text, waivers } from "../inputs.ts";
import { type Change, type ChangeContext, type Describe, differences, effect } from "../registry/change.ts";
import { behaviour, derivedField, key } from "../registry/fields/field-class.ts";
import { inAccount, type Kind, ofAccount } from "../registry/kind.ts";
import type { Declaration } from "../registry/kinds.generated.ts";

const monitorInputs = z.strictObject({
  command: command().describe("Program and its arguments: status 0 if the service works."),
  everySeconds: number.describe("Seconds from one check to the next."),
  limitSeconds: number.describe("Seconds after which a check counts as failed."),
  failures: number.describe("Failed checks in a row after which the service is restarted."),
});

export const inputs = z.strictObject({
  waivers,
  account: key(number).describe("Number of the account it belongs to."),
  name: key(text).describe("Unique among the HTTP servers, services and scheduled tasks of the account."),
  host: derivedField(text).describe("The host of its account."),
  ...programInputs,
  reload: behaviour(text)
    .exactOptional()
    .describe("`SIGHUP`: a restart on demand sends this signal instead of ending it."),
  port: behaviour(number)
    .exactOptional()
    .describe("TCP port at which everybody reaches it, on the account's own address."),
  maxFailures: behaviour(number).describe("Failures in a row after which it is disabled."),
  monitor: behaviour(monitorInputs).exactOptional().describe("A command that finds out whether it works."),
});

const monitorEntry = z.strictObject({
  command: commandEntry.describe(
    "Program and its arguments, run in the service's sandbox, directory and environment. Status 0 means that the service works.",
  ),
  everySeconds: z.int().min(10).max(86_400).default(60).describe("Seconds from one check to the next. Default 60."),
  limitSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(30)
    .describe("Seconds after which a check is ended and counts as failed. Default 30."),
  failures: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe("Failed checks in a row after which the service is restarted. Default 3."),
});

/** The list in an account's file. */
export const entries = z
  .array(
    z.strictObject({
      ...programEntry,
      reload: z
        .literal("SIGHUP")
        .exactOptional()
        .describe(
          "`SIGHUP`: when the account touches `restart-<name>` in its home, the program gets this signal and goes on. Default: it is ended and started again.",
        ),
      port: z
        .int()
        .min(visitedPorts.first)
        .max(visitedPorts.last)
        .exactOptional()
        .describe(
          "TCP port at which everybody reaches the service, on the account's own IPv6 address. The program finds it in `PORT` and listens on it, on `::`. Unique in the account; `$PORT` of no HTTP server of it. Default: none, nobody outside of the account reaches it.",
        ),
      maxFailures: z
        .int()
        .min(1)
        .max(1000)
        .default(20)
        .describe(
          "Failures in a row after which the service is disabled. The pause after each doubles from 1 to 60 s. Default 20, about 14 minutes.",
        ),
      monitor: monitorEntry
        .exactOptional()
        .describe("A command that finds out whether the service works. Default: none."),
    }),
  )
  .max(50)
  .default([])
  .describe("Services of the account: programs in the foreground that run all the time, such as workers of a queue.");

export const kind: Kind<"services"> = {
  key: "services",
  name: "service",
  words: ["service", "services"],
  description:
    "A program of an account that runs all the time, without HTTP. Paths are relative to the account's home.",
  type: "fairhost:service:Service",
  identity: ["account", "name"],
  inputs,
  resourceName: ({ account, name }) => `account-${account}-service-${name}`,
  parent: ({ account }) => ["account", String(account)],
  ...ofAccount,
  deletion: "free",
  declare: ({ accounts }) =>
    accounts.flatMap(({ account }) =>
      sortBy(account.services, ({ name }) => name).map((service) => {
        return { ...service, account: account.number, host: account.host };
      }),
    ),
  ...inAccount("services"),
  describe: describeService,
};

function describeService(
  change: Change<"services">,
  { before, after }: ChangeContext,
): ReturnType<Describe<"services">> {
  const { op, subject } = change;
  const { account, name } = change.after ?? change.before;
  const of = `${name} of account ${account}`;
  const say = (sentence: string) => effect(subject, sentence, [account]);
  const port = (verb: string, service: { readonly port?: number } | undefined, side: Declaration) => {
    if (service?.port === undefined) return [];
    return [
      say(`${verb} TCP port ${service.port} of ${addressesOf(side).get(account)} to everybody, for service ${of}.`),
    ];
  };
  const ports =
    change.before?.port === change.after?.port
      ? []
      : [...port("Closes", change.before, before), ...port("Opens", change.after, after)];
  if (op === "create") return [say(`Adds service ${of}; it is started at once.`), ...ports];
  if (op === "delete") return [say(`Removes service ${of}: it is stopped; its files stay.`), ...ports];
  return [say(`Changes service ${of}: ${differences(change)}.`), ...ports];
}

const addressesOf = once(
  ({ addresses }: Declaration) => new Map(addresses.map(({ account, address }) => [account, address])),
);
