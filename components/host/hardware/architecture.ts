import { type Architecture, architectures } from "../../../lib/architectures.ts";
import type { Element } from "../../registry/kind.ts";

/** The CPU architecture that a host, or a router that is one, must have: the bootstrap refuses any other. No file says it, because there is only one. */
export function architectureOf(_machine: Pick<Element<"hosts" | "routers">, "manufacturer">): Architecture {
  return architectures.amd64;
}
