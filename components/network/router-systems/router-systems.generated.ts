// Written by `npm run generate` from the files beside it. Do not edit.
import type { RouterSystem } from "./router-system.ts";
import { routerSystem as bird } from "./bird/bird.router-system.ts";
import { routerSystem as eos } from "./eos/eos.router-system.ts";
import { routerSystem as frr } from "./frr/frr.router-system.ts";
import { routerSystem as junos } from "./junos/junos.router-system.ts";

/** Every system that Fairhost writes routers' configuration for. */
export const routerSystems: readonly RouterSystem[] = [
  bird,
  eos,
  frr,
  junos,
];
