import { expect, test } from "vitest";
import { declarationOf } from "../../../testing/fixtures/bundle-fixture.ts";
import { commonEntry, type HttpServer, type ServerKind } from "./server.ts";
import { serverSamples } from "./server-fixtures.generated.ts";
import { servers } from "./servers.generated.ts";

/** What an owner may say of a server, whatever its kind: a value, and what its unit has for it. */
const verbs: Readonly<Record<string, readonly [value: unknown, inUnit: RegExp]>> = {
  environment: [{ OWN_WORD: "said" }, /OWN_WORD=said/],
  directory: ["app/inside", /\/app\/inside/],
  root: ["app/inside", /\/app\/inside/],
  idleSeconds: [4321, /4321/],
  startSeconds: [7, /FAIRHOST_START_SECONDS=7"/],
  retrySeconds: [77, /FAIRHOST_RETRY_SECONDS=77"/],
  restart: ["never", /FAIRHOST_RESTARTS=never"/],
  reloadSignal: ["USR2", /FAIRHOST_HOT_SIGNAL=USR2"/],
};

/** What a kind does without, and why. */
const lacks: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  node: { root: "has directory", reloadSignal: "Node.js has none" },
  php: { directory: "has root", reloadSignal: "scripts and .htaccess count at once" },
  program: { root: "has directory" },
  proxy: {
    ...{ environment: "no code of the account runs", directory: "no files", root: "no files" },
    reloadSignal: "has nothing to load",
  },
  python: { root: "has directory", reloadSignal: "always HUP" },
  static: {
    ...{ environment: "no code of the account runs", directory: "has root" },
    ...{
      startSeconds: "takes connections at once",
      retrySeconds: "systemd's pauses, 1 s to 60 s",
      restart: "the same",
    },
    reloadSignal: "files count at once",
  },
};

const kinds = (Object.values(servers) as ServerKind[]).filter(({ service }) => service !== undefined);

test("of every kind with a service it is said what it does without", () => {
  expect(Object.keys(lacks).sort()).toEqual(kinds.map(({ kind }) => kind).sort());
});

test.each(kinds.flatMap((kind) => Object.entries(verbs).map(([verb, said]) => [kind.kind, verb, kind, said] as const)))(
  "%s: %s is in force, or is not there for a reason",
  (name, verb, kind, [value, inUnit]) => {
    const has = verb in kind.entry || verb in commonEntry;
    expect({ verb, has }).toEqual({ verb, has: lacks[name]![verb] === undefined });
    if (!has) return;
    const { server } = serverSamples.flatMap(({ small }) => small ?? []).find((each) => each.server.kind === name)!;
    const { accounts, httpServers } = declarationOf([
      { number: 1, name: "alice", servers: [{ ...server, [verb]: value } as typeof server] },
    ]);
    expect(kind.service!(accounts[0]!, httpServers[0] as HttpServer)).toMatch(inUnit);
  },
);
