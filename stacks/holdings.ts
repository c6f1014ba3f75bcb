import * as pulumi from "@pulumi/pulumi";
import type { Held } from "../fleet/declare/held.ts";

/** Types whose loss is judged, and which of their outputs names them. */
const judged: Readonly<Record<string, readonly [kind: Held["kind"], key: string]>> = {
  "fairhost:account:AccountContainer": ["account", "number"],
  "fairhost:host:BareMetalHost": ["host", "name"],
  "fairhost:network:Router": ["router", "name"],
  "fairhost:network:Switch": ["switch", "name"],
  "fairhost:network:AddressRange": ["range", "prefix"],
  "fairhost:datacenter:Datacenter": ["site", "name"],
};

interface HeldResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What this stack has from its last run. */
export interface Holdings {
  /** What is judged by its loss. */
  readonly held: readonly Held[];
  /** How many times a repair of each host was asked for. */
  readonly repairs: ReadonlyMap<string, number>;
}

/**
 * Reads what the stack has from its own state: a policy pack sees only what is declared now, so what vanished is found here
 * (docs/decisions/0010). Empty on the first run.
 */
export async function holdings(): Promise<Holdings> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const result = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  const resources = Object.values(result.outputs as Readonly<Record<string, HeldResource>>);
  const held = resources.flatMap(({ type, outputs }): Held[] => {
    const [kind, key] = judged[type] ?? [];
    if (kind === undefined || key === undefined || outputs[key] === undefined) return [];
    return [{ kind, name: String(outputs[key]), protect: outputs.protect === true }];
  });
  const deliveries = resources.filter(({ type }) => type === "fairhost:remote:HostDelivery");
  return {
    held,
    repairs: new Map(deliveries.map(({ outputs }) => [String(outputs.host), Number(outputs.repair ?? 0)])),
  };
}
