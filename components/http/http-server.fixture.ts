import { type Fixture, hostOf, upTo } from "../../testing/kind-fixture.ts";
import { addressFixture } from "../address/account-address.fixture.ts";
import type { HttpServerInputs } from "../registry/kinds.generated.ts";

type StaticServer = Extract<HttpServerInputs, { kind: "static" }>;
type ProgramServer = Extract<HttpServerInputs, { kind: "program" }>;

const serverFixture = (account: number, name: string, number: number) => ({
  account,
  name,
  number,
  host: "h1",
  hostnames: [`${name}${account}.example.org`],
  idleSeconds: 300,
  listen: { address: addressFixture(account).address, port: 8000 + number },
  unit: `account-${account}-http-${name}`,
});

/**
 * A valid HTTP server of kind static, number 1 of its account.
 */
export function staticServerFixture(account = 1, change: Partial<StaticServer> = {}): StaticServer {
  return { ...serverFixture(account, "www", 1), kind: "static", root: "www", ...change };
}

/**
 * A valid HTTP server of kind program, number 2 of its account.
 */
export function programServerFixture(account = 1, change: Partial<ProgramServer> = {}): ProgramServer {
  return {
    ...serverFixture(account, "api", 2),
    kind: "program",
    command: ["/usr/bin/python3", "serve.py"],
    directory: "api",
    socketActivation: false,
    environment: { LANG: "C.UTF-8" },
    ...change,
  };
}

export const fixture: Fixture<"httpServers"> = (size) =>
  upTo(size.accounts).flatMap((number) => {
    const on = { host: hostOf(number, size) };
    return [staticServerFixture(number, on), programServerFixture(number, on)];
  });
