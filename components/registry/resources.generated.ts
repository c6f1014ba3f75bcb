// Written by `npm run generate` from the files beside it. Do not edit.
import { User } from "../access/user.ts";
import { AccountContainer } from "../account/account-container.ts";
import { AccountAddress } from "../address/account-address.ts";
import { Database } from "../database/database.ts";
import { BareMetalHost } from "../host/bare-metal-host.ts";
import { FrontEnd } from "../http/front-end.ts";
import { HttpServer } from "../http/http-server.ts";
import { AddressRange } from "../network/address-range.ts";
import { Router } from "../network/devices/router.ts";
import { Switch } from "../network/devices/switch.ts";
import { Network } from "../network/network.ts";
import { Plan } from "../plan/plan.ts";
import { Register } from "../register/register.ts";
import { Service } from "../service/service.ts";
import { Site } from "../site/site.ts";
import { ScheduledTask } from "../task/scheduled-task.ts";

/** The component of each kind. */
export const resources = {
  hosts: BareMetalHost,
  networks: Network,
  plans: Plan,
  registers: Register,
  sites: Site,
  accounts: AccountContainer,
  frontEnds: FrontEnd,
  ranges: AddressRange,
  routers: Router,
  switches: Switch,
  addresses: AccountAddress,
  databases: Database,
  httpServers: HttpServer,
  services: Service,
  tasks: ScheduledTask,
  users: User,
} as const;
