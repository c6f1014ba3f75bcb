import { exitStatusReference } from "../exit-status.ts";

/**
 * What people and editors read of the source: JSON Schemas and reference pages, by path relative to the checkout. The sources are
 * imported late: they import the registries, which have to be written before.
 */
export async function references(): Promise<Map<string, string>> {
  const [{ jsonSchemas }, { inventoryReference }, { componentsReference }, { policyReference }, { guardReference }] =
    await Promise.all([
      import("../../fleet/reference/json-schemas.ts"),
      import("../../fleet/reference/reference.ts"),
      import("../../fleet/reference/components.ts"),
      import("../../policies/reference.ts"),
      import("../../guard/rules/reference.ts"),
    ]);
  return new Map([
    ...jsonSchemas(),
    ["docs/reference/inventory.md", inventoryReference()],
    ["docs/reference/components.md", componentsReference()],
    ["docs/reference/rules.md", policyReference()],
    ["docs/reference/guard-rules.md", guardReference()],
    ["docs/reference/exit-statuses.md", exitStatusReference()],
  ]);
}
