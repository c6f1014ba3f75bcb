// Written by `npm run generate` from the files beside it. Do not edit.
import type { RouterSystem } from "./router-system.ts";
import { routerSystem as bird } from "./router-systems/bird/bird.router-system.ts";
import { routerSystem as frr } from "./router-systems/frr/frr.router-system.ts";
import { routerSystem as junos } from "./router-systems/junos/junos.router-system.ts";

/** Every system that Fairhost writes routers' configuration for. */
export const routerSystems: readonly RouterSystem[] = [
  bird,
  frr,
  junos,
];
