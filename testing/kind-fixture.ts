import type { HttpServer } from "../components/http/server.ts";
import type { Element, Key } from "../components/registry/kind.ts";

/** Size of the valid declaration for tests. */
export interface FixtureSize {
  readonly hosts: number;
  readonly accounts: number;
}

/** Valid elements of one kind, as they fit those of the other kinds. */
export type Fixture<K extends Key> = (size: FixtureSize) => readonly Element<K>[];

type Kinds = HttpServer["kind"];
type Placed = "account" | "host" | "hostnames" | "idleSeconds" | "unit" | "waivers";

/**
 * An example of a kind of HTTP server: every account of the valid declaration has one of it. Name and number are different from
 * those of the other kinds.
 */
export type ServerFixture<Name extends Kinds = Kinds> = Name extends Kinds ? Omit<HttpServer<Name>, Placed> : never;

/** Numbers from 1. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** The host of an account: accounts are spread over the hosts in turn. */
export function hostOf(account: number, { hosts }: FixtureSize): string {
  return `h${((account - 1) % hosts) + 1}`;
}
