import { exitStatusReference } from "../exit-status.ts";

/**
 * What people and editors read of the source: JSON Schemas and reference pages, by path relative to the checkout. The sources are
 * imported late: they import the registries, which have to be written before.
 */
export async function references(): Promise<Map<string, string>> {
  const [schemas, components, inventory, policies, guard] = await Promise.all([
    import("../../fleet/reference/json-schemas.ts"),
    import("../../fleet/reference/components.ts"),
    import("../../fleet/reference/reference.ts"),
    import("../../policies/reference.ts"),
    import("../../guard/rules/reference.ts"),
  ]);
  return new Map([
    ...schemas.jsonSchemas(),
    ["docs/reference/components.md", components.componentsReference()],
    ["docs/reference/inventory.md", inventory.inventoryReference()],
    ["docs/reference/rules.md", policies.policyReference()],
    ["docs/reference/guard-rules.md", guard.guardReference()],
    ["docs/reference/exit-statuses.md", exitStatusReference()],
  ]);
}
