import { z } from "zod";
import {
  type Architecture,
  type ArchitectureName,
  architectureNames,
  architectures,
} from "../../../lib/architectures.ts";

/** What a host has that does not say its architecture, and a router that is a host. */
export const defaultArchitecture = "amd64" satisfies ArchitectureName;

/** The key `architecture` of a host's file. */
export const architectureSchema = z
  .enum(architectureNames)
  .default(defaultArchitecture)
  .describe(`CPU architecture of the host, as Debian names it. The bootstrap refuses a host of any other.`);

/** The CPU architecture that a host, or a router that is one, must have: the bootstrap refuses any other. */
export function architectureOf(machine: { readonly architecture?: ArchitectureName }): Architecture {
  return architectures[machine.architecture ?? defaultArchitecture];
}
