import { exitStatusReference } from "../exit-status.ts";

/**
 * JSON Schemas for editors and reference pages for people, by path relative to the checkout. Their sources are imported late, because
 * these import the registries, which must be written first.
 */
export async function references(): Promise<Map<string, string>> {
  const [schemas, components, inventory, policies, guard] = await Promise.all([
    import("../../fleet/reference/json-schemas.ts"),
    import("../../fleet/reference/components.ts"),
    import("../../fleet/reference/reference.ts"),
    import("../../policies/reference.ts"),
    import("../../guard/reference.ts"),
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
