// Written by `npm run generate` from the files beside it. Do not edit.
import type { z } from "zod";
import type { Immutable, Kind } from "./kind.ts";
import * as user from "../access/user.kind.ts";
import * as accountContainer from "../account/account-container.kind.ts";
import * as accountAddress from "../address/account-address.kind.ts";
import * as database from "../database/database.kind.ts";
import * as bareMetalHost from "../host/bare-metal-host.kind.ts";
import * as frontEnd from "../http/front-end.kind.ts";
import * as httpServer from "../http/http-server.kind.ts";
import * as addressRange from "../network/address-range.kind.ts";
import * as router from "../network/devices/router.kind.ts";
import * as switchKind from "../network/devices/switch.kind.ts";
import * as network from "../network/network.kind.ts";
import * as plan from "../plan/plan.kind.ts";
import * as register from "../register/register.kind.ts";
import * as service from "../service/service.kind.ts";
import * as site from "../site/site.kind.ts";
import * as scheduledTask from "../task/scheduled-task.kind.ts";

export type BareMetalHostInputs = Immutable<z.output<typeof bareMetalHost.inputs>>;
export type NetworkInputs = Immutable<z.output<typeof network.inputs>>;
export type PlanInputs = Immutable<z.output<typeof plan.inputs>>;
export type RegisterInputs = Immutable<z.output<typeof register.inputs>>;
export type SiteInputs = Immutable<z.output<typeof site.inputs>>;
export type AccountContainerInputs = Immutable<z.output<typeof accountContainer.inputs>>;
export type FrontEndInputs = Immutable<z.output<typeof frontEnd.inputs>>;
export type AddressRangeInputs = Immutable<z.output<typeof addressRange.inputs>>;
export type RouterInputs = Immutable<z.output<typeof router.inputs>>;
export type SwitchInputs = Immutable<z.output<typeof switchKind.inputs>>;
export type AccountAddressInputs = Immutable<z.output<typeof accountAddress.inputs>>;
export type DatabaseInputs = Immutable<z.output<typeof database.inputs>>;
export type HttpServerInputs = Immutable<z.output<typeof httpServer.inputs>>;
export type ServiceInputs = Immutable<z.output<typeof service.inputs>>;
export type ScheduledTaskInputs = Immutable<z.output<typeof scheduledTask.inputs>>;
export type UserInputs = Immutable<z.output<typeof user.inputs>>;

/**
 * What the program declares, as plain data: the inputs of every component. The stack is built from it, the rules judge
 * it, the host bundles are rendered from it. Nothing in it is secret or unknown, so policies can always read it.
 */
export interface Declaration {
  readonly hosts: readonly BareMetalHostInputs[];
  readonly networks: readonly NetworkInputs[];
  readonly plans: readonly PlanInputs[];
  readonly registers: readonly RegisterInputs[];
  readonly sites: readonly SiteInputs[];
  readonly accounts: readonly AccountContainerInputs[];
  readonly frontEnds: readonly FrontEndInputs[];
  readonly ranges: readonly AddressRangeInputs[];
  readonly routers: readonly RouterInputs[];
  readonly switches: readonly SwitchInputs[];
  readonly addresses: readonly AccountAddressInputs[];
  readonly databases: readonly DatabaseInputs[];
  readonly httpServers: readonly HttpServerInputs[];
  readonly services: readonly ServiceInputs[];
  readonly tasks: readonly ScheduledTaskInputs[];
  readonly users: readonly UserInputs[];
}

/** What one of each kind is called. */
export interface KindNames {
  readonly hosts: "host";
  readonly networks: "network";
  readonly plans: "plan";
  readonly registers: "register";
  readonly sites: "site";
  readonly accounts: "account";
  readonly frontEnds: "frontEnd";
  readonly ranges: "range";
  readonly routers: "router";
  readonly switches: "switch";
  readonly addresses: "address";
  readonly databases: "database";
  readonly httpServers: "httpServer";
  readonly services: "service";
  readonly tasks: "scheduledTask";
  readonly users: "user";
}

/** The inputs that name one among its kind. */
export interface Identities {
  readonly hosts: "name";
  readonly networks: "asNumber";
  readonly plans: "name";
  readonly registers: never;
  readonly sites: "name";
  readonly accounts: "number";
  readonly frontEnds: "host";
  readonly ranges: "prefix";
  readonly routers: "name";
  readonly switches: "name";
  readonly addresses: "account";
  readonly databases: "account" | "engine" | "name";
  readonly httpServers: "account" | "name";
  readonly services: "account" | "name";
  readonly tasks: "account" | "name";
  readonly users: "account" | "name";
}

/** Every kind there is. */
export const kinds: { readonly [K in keyof Declaration]: Kind<K> } = {
  hosts: bareMetalHost.kind,
  networks: network.kind,
  plans: plan.kind,
  registers: register.kind,
  sites: site.kind,
  accounts: accountContainer.kind,
  frontEnds: frontEnd.kind,
  ranges: addressRange.kind,
  routers: router.kind,
  switches: switchKind.kind,
  addresses: accountAddress.kind,
  databases: database.kind,
  httpServers: httpServer.kind,
  services: service.kind,
  tasks: scheduledTask.kind,
  users: user.kind,
};
