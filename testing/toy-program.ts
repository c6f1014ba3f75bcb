import { readFileSync } from "node:fs";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { RandomId } from "@pulumi/random";
import { AccountContainer } from "../components/account/account-container.ts";
import { AccountAddress } from "../components/address/account-address.ts";
import type { Declaration } from "../components/declaration.ts";
import { BareMetalHost } from "../components/host/bare-metal-host.ts";
import { FrontEnd } from "../components/http/front-end.ts";
import { HttpServer } from "../components/http/http-server.ts";
import { places } from "../stacks/places.ts";

/** What the program under test does besides declaring its components, each against one rule of the pack. */
export type Twist = "none" | "unknown-input" | "unprotected" | "unpinned-command" | "foreign-resource";

/** Read from `toy.json` in the project's directory. */
interface Toy {
  readonly declaration: Declaration;
  readonly twist: Twist;
}

/** A program without the real one's own checks: what the pack finds here, nothing else has found before. */
function declareToy({ declaration, twist }: Toy): void {
  places(declaration);
  const hosts = declaration.hosts.map((host, index) => {
    if (twist !== "unknown-input" || index > 0) return new BareMetalHost(host.name, host);
    const rack = new RandomId("rack", { byteLength: 2 }).hex as unknown as string;
    return new BareMetalHost(host.name, { ...host, rack });
  });
  for (const account of declaration.accounts) {
    new AccountContainer(`account-${account.number}`, account, twist === "unprotected" ? { protect: false } : {});
  }
  for (const address of declaration.addresses) new AccountAddress(`account-${address.account}-address`, address);
  for (const server of declaration.httpServers) new HttpServer(server.unit, server);
  for (const frontEnd of declaration.frontEnds) new FrontEnd(`${frontEnd.host}-front-end`, frontEnd);
  if (twist === "unpinned-command") {
    const connection = { host: "127.0.0.1", port: 9, password: pulumi.secret("open-sesame") };
    new remote.Command("unpinned", { connection, create: "true" }, { parent: hosts[0]! });
  }
  if (twist === "foreign-resource") {
    new (class extends pulumi.ComponentResource {})("elsewhere:index:Thing", "stranger");
  }
}

declareToy(JSON.parse(readFileSync("toy.json", "utf8")) as Toy);
