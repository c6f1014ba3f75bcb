// Written by `npm run generate` from the files beside it. Do not edit.
import { fixture as user } from "../components/access/user.fixture.ts";
import { fixture as accountContainer } from "../components/account/account-container.fixture.ts";
import { fixture as accountAddress } from "../components/address/account-address.fixture.ts";
import { fixture as database } from "../components/database/database.fixture.ts";
import { fixture as bareMetalHost } from "../components/host/bare-metal-host.fixture.ts";
import { fixture as frontEnd } from "../components/http/front-end.fixture.ts";
import { fixture as httpServer } from "../components/http/http-server.fixture.ts";
import { fixture as addressRange } from "../components/network/address-range.fixture.ts";
import { fixture as network } from "../components/network/network.fixture.ts";
import { fixture as router } from "../components/network/router.fixture.ts";
import { fixture as switchKind } from "../components/network/switch.fixture.ts";
import { fixture as plan } from "../components/plan/plan.fixture.ts";
import { fixture as register } from "../components/register/register.fixture.ts";
import { fixture as service } from "../components/service/service.fixture.ts";
import { fixture as site } from "../components/site/site.fixture.ts";
import { fixture as scheduledTask } from "../components/task/scheduled-task.fixture.ts";
import type { Fixture } from "./kind-fixture.ts";
import type { Key } from "../components/registry/kind.ts";

/** The fixture of each kind. */
export const fixtures: { readonly [K in Key]: Fixture<K> } = {
  hosts: bareMetalHost,
  networks: network,
  plans: plan,
  registers: register,
  sites: site,
  accounts: accountContainer,
  frontEnds: frontEnd,
  ranges: addressRange,
  routers: router,
  switches: switchKind,
  addresses: accountAddress,
  databases: database,
  httpServers: httpServer,
  services: service,
  tasks: scheduledTask,
  users: user,
};
