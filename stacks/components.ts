import type * as pulumi from "@pulumi/pulumi";
import type { Element, Kind, KindName } from "../components/registry/kind.ts";
import { resources } from "../components/registry/resources.generated.ts";
import { elementName } from "../components/registry/subject.ts";

type Component = new (name: string, args: object, options: pulumi.ComponentResourceOptions) => pulumi.Resource;

/** The components made so far, by kind and name of their elements. */
export class Components {
  readonly #made = new Map<string, pulumi.Resource>();

  /** Creates the component of an element, under its parent. */
  add(kind: Kind, element: Element): pulumi.Resource {
    const parent = kind.parent && this.get(...kind.parent(element));
    const Resource = resources[kind.key] as unknown as Component;
    const made = new Resource(kind.resourceName(element), element, parent ? { parent } : {});
    this.#made.set(`${kind.name} ${elementName(kind.key, element as never)}`, made);
    // Also found without a name, if there is only one of a kind.
    if (!this.#made.has(kind.name)) this.#made.set(kind.name, made);
    return made;
  }

  get(kind: KindName, name?: string): pulumi.Resource | undefined {
    return this.#made.get(name === undefined ? kind : `${kind} ${name}`);
  }
}
