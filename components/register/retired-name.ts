import { canonicalPrefix, prefix6Schema } from "../schema.ts";

/** `host web3`: with the name by which the element is declared. A range has its canonical one, however the file writes it. */
export function retiredName({ kind, name }: { readonly kind: string; readonly name: string }): string {
  const isRange6 = kind === "range" && prefix6Schema.safeParse(name).success;
  return `${kind} ${isRange6 ? canonicalPrefix(name) : name}`;
}
