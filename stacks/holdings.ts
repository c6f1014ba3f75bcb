import * as pulumi from "@pulumi/pulumi";
import type { Held } from "../components/declaring.ts";
import { kinds } from "../components/registry/kinds.generated.ts";
import { allKinds, elementName } from "../components/registry/subject.ts";

/** Kinds whose disappearance is judged, by type token. */
const judged = new Map(
  allKinds.filter(({ retired }) => retired !== "freely").map((kind) => [kind.type as string, kind]),
);

interface HeldResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What this stack holds from its last run. */
export interface Holdings {
  /** Elements whose disappearance is judged. */
  readonly held: readonly Held[];
  /** Number of requested repairs of each host. */
  readonly repairs: ReadonlyMap<string, number>;
  /** Uid of each account, by number. */
  readonly uids: ReadonlyMap<number, number>;
}

/**
 * Reads the stack's own state. A policy pack sees only what is declared now, so vanished elements are found here
 * (docs/decisions/0010). Empty on the first run.
 */
export async function holdings(): Promise<Holdings> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const result = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  const resources = Object.values(result.outputs as Readonly<Record<string, HeldResource>>);
  const held = resources.flatMap(({ type, outputs }): Held[] => {
    const kind = judged.get(type);
    if (kind === undefined || kind.identity.some((input) => outputs[input] === undefined)) return [];
    return [{ kind: kind.name, name: elementName(kind.key, outputs as never), protect: outputs.protect === true }];
  });
  const deliveries = resources.filter(({ type }) => type === "fairhost:remote:HostDelivery");
  // After a kill a component may be there without what it registers.
  const accounts = resources.filter(({ type, outputs: { uid } }) => type === kinds.accounts.type && uid !== undefined);
  return {
    held,
    uids: new Map(accounts.map(({ outputs }) => [Number(outputs.number), Number(outputs.uid)])),
    repairs: new Map(deliveries.map(({ outputs }) => [String(outputs.host), Number(outputs.repair ?? 0)])),
  };
}
