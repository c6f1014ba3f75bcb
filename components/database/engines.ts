import type { EngineName } from "../../delivery/protocol/databases.ts";
import type { Engine } from "./engine.ts";
import { mariadb } from "./mariadb.ts";
import { postgresql } from "./postgresql.ts";

/** The servers by the names that an inventory gives them. */
export const engines: Readonly<Record<EngineName, Engine>> = { postgresql, mariadb };
