import { type Architecture, architectures } from "../../../lib/architectures.ts";
import type { Element } from "../../registry/kind.ts";

/** The CPU architecture that a host must have: the bootstrap refuses any other. No file says it, because there is only one. */
export function architectureOf(_host: Element<"hosts">): Architecture {
  return architectures.amd64;
}
