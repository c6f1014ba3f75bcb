import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { canonicalJson } from "../delivery/protocol/digest.ts";
import { looseFiles } from "../fleet/check/waivers.ts";
import { declare } from "../fleet/declare/declare.ts";
import { entriesOf, filesOf, loadFleet } from "../fleet/load/load.ts";
import { readFleet } from "../fleet/load/read-fleet.ts";
import { kindsRead } from "../policies/pack/kinds-read.ts";
import { rules } from "../policies/rules.generated.ts";
import { declarationFixture } from "../testing/fixtures/fixture.ts";
import { type KindWorld, kindChecks } from "../testing/kind-checks.ts";
import { schema as accountSchema } from "./account/account.file.ts";
import { accountEntries } from "./account/entries.generated.ts";
import { homePath, text } from "./inputs.ts";
import { isWaivable } from "./registry/fields/schema-walk.ts";
import type { Element, Key, Kind } from "./registry/kind.ts";
import { kinds } from "./registry/kinds.generated.ts";
import { resources } from "./registry/resources.generated.ts";
import { allKinds } from "./registry/subject.ts";

const checkout = join(import.meta.dirname, "..");
const all = allKinds as readonly Kind[];
const valid = declarationFixture();
const judged = new Set(rules.flatMap((rule) => [...kindsRead(rule, valid)]));
const reference = readFileSync(join(checkout, "docs/reference/components.md"), "utf8");
const fleets = await Promise.all(
  ["lab", "prod"].map(async (name) => {
    const directory = join(checkout, "inventory", name);
    const { entries } = entriesOf(readFleet(directory));
    const { fleet } = await loadFleet(directory);
    return { declaration: declare(fleet), files: filesOf(entries), loose: looseFiles(entries) };
  }),
);

/** The world around a kind, with whatever stands in its place in the registry. */
function around({ key }: { readonly key: Key }): KindWorld {
  const position = all.findIndex((kind) => kind.key === key);
  const others = all.filter((kind) => kind.key !== key);
  return { others, position, valid, judged, reference, entries: accountEntries, fleets };
}

describe.each(Object.entries(kindChecks))("every kind has %s", (_, check) => {
  test.each(all.map((kind) => [kind.key, kind] as const))("%s", (_key, kind) => {
    expect(check(kind, around(kind))).toEqual([]);
  });
});

describe("a kind that lacks a part is found by that part's check, and by no other", () => {
  const { hosts, sites, plans, accounts, httpServers, routers } = kinds as unknown as Readonly<Record<Key, Kind>>;
  const nothing = { names: undefined } as unknown as Partial<Kind>;
  const lacking: Readonly<Record<keyof typeof kindChecks, readonly (readonly [Kind, string, Partial<KindWorld>?])[]>> =
    {
      "a fixture that its inputs accept, each of its own name": [
        [hosts, "has no fixture", { valid: { ...valid, hosts: [] } }],
        [
          hosts,
          "refuses its fixture h1",
          { valid: { ...valid, hosts: [{ ...valid.hosts[0]!, device: "/dev/sda" } as never] } },
        ],
        [{ ...hosts, identity: ["site"] } as unknown as Kind, "has two alpha"],
        [{ ...hosts, resourceName: () => "host" }, "has two resources host"],
      ],
      "a sentence for what is added, removed or changed, that names it": [
        [{ ...sites, describe: () => [] }, "says nothing of an addition"],
        [
          { ...plans, describe: ({ op }) => (op === "update" ? [] : undefined) },
          "says nothing of a change of memoryMaxMb",
        ],
        [
          {
            ...sites,
            describe: ({ subject }) => [{ subject, sentence: "A site.", accounts: [], seconds: 0, destroys: false }],
          },
          "does not name it in what it says of a deletion: A site.",
        ],
      ],
      "a rule that reads it": [[routers, "is read by no rule", { judged: new Set<Key>() }]],
      "a section in the reference, every input described": [
        [{ ...sites, type: "fairhost:site:Site" }, "has no section"],
        [{ ...sites, inputs: z.strictObject({ name: text }) as never }, "does not describe name"],
      ],
      "whom it concerns": [
        [{ ...hosts, hostOf: undefined } as unknown as Kind, "concerns a host, or names one, not both"],
        [{ ...sites, hostOf: () => "h1" }, "concerns a host, or names one, not both"],
        [
          { ...httpServers, accountOf: undefined } as unknown as Kind,
          "has a home path, command, environment, but belongs to no account",
        ],
        [
          { ...accounts, concerns: "fleet", hostOf: undefined } as unknown as Kind,
          "belongs to an account, but to no host",
        ],
        [{ ...sites, retired: "tombstones.yaml" }, "has no number to be kept"],
      ],
      "in its inputs the meanings that its entries in an account's file have": [
        [
          { ...httpServers, inputs: z.strictObject({ root: text, command: z.array(text) }) as never },
          "has root without the meaning home path (components/inputs.ts)",
        ],
        [
          { ...httpServers, inputs: z.strictObject({ root: homePath(), command: z.array(text) }) as never },
          "has command without the meaning command or environment (components/inputs.ts)",
        ],
      ],
      "a place in a file": [
        [{ ...sites, place: () => undefined }, "has no place for lab"],
        [routers, "is in no inventory: inventory/lab and inventory/prod need an example", { fleets: [] }],
      ],
      "the names that a waiver may give, if it may carry one": [
        [{ ...sites, ...nothing }, "may carry a waiver, but has no names"],
        [{ ...sites, names: () => ["par1"] }, "does not know the name lab"],
      ],
      "its own key, names and type": [
        [{ ...sites, type: hosts.type }, "has the type of another kind"],
        [{ ...sites, name: "host" }, "has the name of another kind"],
        [{ ...sites, words: hosts.words }, "is called as another kind is"],
      ],
      "parents before it": [
        [
          { ...hosts, parent: ({ site }: { site: string }) => ["site", site] } as unknown as Kind,
          "lies under a site, which is not before it",
        ],
        [{ ...httpServers, parent: () => ["account", "77"] }, "lies under account 77, which is not there"],
      ],
      "an account of its own list, if it is one": [
        [{ ...httpServers, accountOf: undefined } as unknown as Kind, "is a list of accounts, but belongs to none"],
      ],
    };

  test("every check is tried", () => expect(Object.keys(lacking)).toEqual(Object.keys(kindChecks)));

  test.each(Object.entries(lacking).flatMap(([name, cases]) => cases.map((each) => [name, each[1], each] as const)))(
    "%s: %s",
    (name, message, [kind, , world]) => {
      expect(kindChecks[name]!(kind, { ...around(kind), ...world })).toContain(message);
    },
  );
});

describe("a waiver of something that is not there is refused", () => {
  test.each(all.filter(isWaivable).map(({ name }) => name))("%s", async (kind) => {
    const directory = mkdtempSync(join(tmpdir(), "fairhost-waiver-"));
    try {
      cpSync(join(checkout, "inventory/lab"), directory, { recursive: true });
      const entry = {
        rule: "two-disks",
        resource: `${kind} 77/none`,
        owner: "Ada",
        reason: "until it is there",
        expires: "2026-12-01",
      };
      writeFileSync(join(directory, "waivers.yaml"), JSON.stringify([entry]));
      await expect(loadFleet(directory)).rejects.toThrow(`there is no ${kind} "77/none"`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test.each(globSync("components/*/", { cwd: checkout }))("%s has a README of about ten lines", (folder) => {
  const text = readFileSync(join(checkout, folder, "README.md"), "utf8");
  expect(text).toMatch(/^# .+\n\n.{40}/);
  expect(text.split("\n").length).toBeLessThan(25);
});

describe("lists in an account's file", () => {
  test.each(Object.entries(accountEntries))("%s are in the schema of an account", (key, schema) => {
    expect(Reflect.get(accountSchema.shape, key)).toBe(schema);
  });
});

describe("the component of each kind", () => {
  const registered = new Map<string, { readonly type: string; readonly inputs: object }>();
  const outputs = new Map<pulumi.Resource, object>();
  type Component = new (name: string, args: object) => pulumi.Resource;

  beforeAll(async () => {
    await pulumi.runtime.setMocks({
      newResource: ({ type, name, inputs }) => {
        registered.set(name, { type, inputs: inputs as object });
        return { id: undefined, state: {} };
      },
      call: () => ({}),
    });
    const { prototype } = pulumi.ComponentResource as unknown as { prototype: { registerOutputs(of: object): void } };
    const { registerOutputs } = prototype;
    vi.spyOn(prototype, "registerOutputs").mockImplementation(function (this: pulumi.Resource, of) {
      // The SDK itself calls it once more, which counts only where the constructor has not.
      if (!outputs.has(this)) outputs.set(this, of);
      registerOutputs.call(this, of);
    });
  });

  afterAll(() => vi.restoreAllMocks());

  /** What is wrong with a component: another type than its kind's, other inputs or outputs than it is given. */
  async function wrongWith(kind: Kind, element: Element, Resource: Component): Promise<string[]> {
    const name = kind.resourceName(element);
    const made = new Resource(name, element);
    await new Promise((resolve) => made.urn.apply(resolve));
    const { type, inputs } = registered.get(name)!;
    const isSame = (given: unknown) => canonicalJson(given) === canonicalJson(element);
    return [
      ...(type === kind.type ? [] : [`is of type ${type}`]),
      ...(isSame(inputs) ? [] : ["registers other inputs than it is given"]),
      ...(isSame(outputs.get(made)) ? [] : ["registers other outputs than it is given"]),
    ];
  }

  test.each(all.map((kind) => [kind.key, kind] as const))("%s: its type, exactly its inputs", async (key, kind) => {
    for (const element of valid[key] as readonly Element[]) {
      expect(await wrongWith(kind, element, resources[key] as unknown as Component)).toEqual([]);
    }
  });

  test("one that is of another type, or adds or leaves out an input, is found", async () => {
    const wrong = class extends pulumi.ComponentResource {
      constructor(name: string, args: object) {
        super("fairhost:site:Site", name, { ...args, device: "/dev/sda" });
        this.registerOutputs({ name });
      }
    };
    expect(await wrongWith(kinds.sites as unknown as Kind, valid.sites[0]!, wrong)).toEqual([
      "is of type fairhost:site:Site",
      "registers other inputs than it is given",
      "registers other outputs than it is given",
    ]);
  });
});
