import { readFileSync } from "node:fs";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { RandomId } from "@pulumi/random";
import { AccountContainer } from "../../components/account/account-container.ts";
import { BareMetalHost } from "../../components/host/bare-metal-host.ts";
import type { Kind } from "../../components/registry/kind.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { allKinds } from "../../components/registry/subject.ts";
import { Components } from "../../stacks/components.ts";

/** Additional actions of the program under test, each against one rule of the pack. */
export type Twist = "none" | "unknown-input" | "unprotected" | "unpinned-command" | "foreign-resource";

/** Read from `toy.json` in the project's directory. */
interface Toy {
  readonly declaration: Declaration;
  readonly twist: Twist;
}

/** A program without the real one's own checks: what the pack finds here, nothing else has found before. */
function declareToy({ declaration, twist }: Toy): void {
  const components = new Components();
  for (const kind of allKinds) {
    if (kind.key === "hosts" || kind.key === "accounts") continue;
    // Without parents: hosts are made below, each with its twist.
    for (const element of declaration[kind.key])
      components.add({ ...kind, parent: () => ["register"] } as Kind, element);
  }
  const hosts = declaration.hosts.map((host, index) => {
    if (twist !== "unknown-input" || index > 0) return new BareMetalHost(host.name, host);
    const rack = new RandomId("rack", { byteLength: 2 }).hex as unknown as string;
    return new BareMetalHost(host.name, { ...host, rack });
  });
  for (const account of declaration.accounts) {
    new AccountContainer(`account-${account.number}`, account, twist === "unprotected" ? { protect: false } : {});
  }
  if (twist === "unpinned-command") {
    const connection = { host: "127.0.0.1", port: 9, password: pulumi.secret("open-sesame") };
    new remote.Command("unpinned", { connection, create: "true" }, { parent: hosts[0]! });
  }
  if (twist === "foreign-resource") {
    new (class extends pulumi.ComponentResource {})("elsewhere:index:Thing", "stranger");
  }
}

declareToy(JSON.parse(readFileSync("toy.json", "utf8")) as Toy);
