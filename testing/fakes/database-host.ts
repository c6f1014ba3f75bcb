import { expect } from "vitest";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import type { EngineName } from "../../delivery/protocol/databases.ts";
import type { Inspection } from "../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationOf, type FixtureAccount } from "../fixtures/bundle-fixture.ts";
import { type AppliedHost, appliedHost } from "./applied-host.ts";
import { placeShell, shellServer } from "./inside-sandbox.ts";

type Databases = NonNullable<FixtureAccount["databases"]>;

export const [alice, bob, carol] = [1, 2, 3];

/** Alice has these databases, Bob has `blog` on the given server, Carol has none. @param more of Alice @param ofCarol more of Carol */
export function databaseBundle(
  engine: EngineName,
  ofAlice: Databases,
  more: Partial<FixtureAccount> = {},
  ofCarol: Partial<FixtureAccount> = {},
): Bundle {
  const declaration = declarationOf([
    { number: alice, name: "alice", servers: [shellServer()], databases: ofAlice, ...more },
    { number: bob, name: "bob", servers: [shellServer()], databases: [{ engine, name: "blog", connections: 3 }] },
    { number: carol, name: "carol", servers: [shellServer()], ...ofCarol },
  ]);
  return renderBundle(declaration, "web1");
}

/** A host with the real server below the real applier; programs of accounts ask it from their sandboxes. */
export async function databaseHost(engine: EngineName, ofAlice: Databases): Promise<AppliedHost> {
  const on = await appliedHost(engine);
  try {
    const { report, stderr } = await on.apply(databaseBundle(engine, ofAlice));
    expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
    for (const account of [alice, bob, carol]) await placeShell(on.host, account);
    return on;
  } catch (error) {
    await on[Symbol.asyncDispose]();
    throw error;
  }
}

/** What drift says of databases. */
export async function databaseDrift({ host }: AppliedHost): Promise<string[]> {
  const { stdout } = await host.run("fairhost-host inspect --json </dev/null");
  const { differences } = JSON.parse(stdout) as Inspection;
  return differences.filter(({ kind }) => kind === "database-changed").map(({ message }) => message);
}

/** Script of a program that holds as many open connections to a Unix socket as it gets, up to a number, and never says anything. */
export const silent = (socket: string, count: number, seconds: number) => `python3 - <<'END'
import resource, socket, time
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
held, end = [], time.time() + ${seconds}
while time.time() < end:
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        if len(held) == ${count}: raise BlockingIOError
        s.connect("${socket}")
        held.append(s)
    except OSError:
        s.close()
        time.sleep(0.01)
END`;
