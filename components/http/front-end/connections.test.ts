import { expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { declarationOf, programServer, staticServer } from "../../../testing/fixtures/bundle-fixture.ts";
import type { HttpServer, ServerKind } from "../kinds/server.ts";
import { serverFixtures } from "../kinds/server-fixtures.generated.ts";
import { servers } from "../kinds/servers.generated.ts";
import { apacheSize } from "../program/apache.ts";
import {
  connections,
  descriptors,
  descriptorsOfProxied,
  longestQueue,
  opening,
  shutdownSeconds,
} from "./connections.ts";
import { placesOf, waiting } from "./places.ts";

test("each part carries what the part before it lets through", () => {
  const { visitor, visitorInAll, server, account, queue, proxy, static: files, kept, frontEndWorker } = connections;
  expect(visitor).toBeLessThan(server);
  // One visitor leaves room for others, and one server for the account's others.
  expect(server).toBeGreaterThanOrEqual(2 * visitor);
  expect(account).toBeGreaterThanOrEqual(2 * server);
  for (const next of [queue, proxy, files]) expect(next).toBeGreaterThan(server);
  expect(files).toBeGreaterThanOrEqual(server + 64 + 16 * kept);
  expect(descriptors.server).toBeGreaterThan(files + server);
  expect(longestQueue).toBeGreaterThanOrEqual(queue);
  expect(descriptors.server).toBeGreaterThan(proxy * descriptorsOfProxied);
  expect(descriptors.server).toBeGreaterThan(2 * server);
  expect(descriptors.hard).toBeGreaterThanOrEqual(descriptors.server);
  // One account, or one visitor, fills a quarter of one worker at most, and a worker has the descriptors for what it may accept.
  expect(frontEndWorker).toBeGreaterThanOrEqual(4 * 2 * account + kept);
  expect(connections.wafWorker).toBeGreaterThanOrEqual(2 * 4 * account);
  expect(descriptors.frontEnd).toBeGreaterThanOrEqual(2 * connections.wafWorker);
  expect(visitorInAll).toBeLessThanOrEqual(account);
  // A visitor that never ends its headers fills less than half of it.
  expect(opening.burst + opening.perSecond * opening.headerSeconds).toBeLessThan(frontEndWorker / 2);
  expect(descriptors.frontEnd).toBeGreaterThanOrEqual(2 * frontEndWorker);
});

test("every kind of server says how many requests it takes at once, and one visitor cannot take all of them", () => {
  const { server, visitor } = connections;
  for (const fixture of serverFixtures) {
    const kind = servers[fixture.kind] as ServerKind;
    const all = { ...fixture, number: 1, idleSeconds: 0 } as unknown as HttpServer;
    const places = placesOf(kind, all, 128);
    expect(kind.parallel, kind.kind).toBeDefined();
    if (typeof kind.parallel === "number") {
      expect(kind.parallel, kind.kind).toBeGreaterThan(places?.all ?? server);
      expect(kind.parallel, kind.kind).toBeGreaterThanOrEqual(2 * (places?.share ?? visitor));
    }
    // A number that accounts declare is one that the front end knows.
    const declared = ["workers", "threads"].some((input) => input in kind.inputs);
    if (declared || kind.parallel === "declared") expect(kind.workers?.(all), kind.kind).toBeGreaterThan(0);
    if (places !== undefined) expect(places.share, kind.kind).toBeLessThanOrEqual(places.all / 2);
    if (kind.workers?.(all) !== undefined) expect(2 * places!.share, kind.kind).toBeLessThanOrEqual(kind.workers(all)!);
  }
});

test("one visitor's waiting requests leave room for others, and are more than a browser opens", () => {
  expect(waiting.requests).toBeGreaterThan(100);
  expect(waiting.requests).toBeLessThanOrEqual(connections.visitor / 4);
});

test("what has one worker gives it to one request of each visitor at a time", () => {
  const python = {
    ...serverFixtures.find(({ kind }) => kind === "python"),
    workers: 1,
    threads: 1,
  } as unknown as HttpServer;
  expect(placesOf(servers.python as ServerKind, python, 128)).toEqual({ share: 1, all: connections.server });
  expect(placesOf(servers.python as ServerKind, { ...python, interface: "asgi" } as HttpServer, 128)).toBeUndefined();
});

test.each([
  [4, 1, 4],
  [64, 2, 16],
  [128, 2, 32],
  [256, 4, 32],
  [65_536, 4, 32],
])(
  "Apache of an account with %i tasks is %i processes of %i threads, and leaves tasks for the rest",
  (tasks, processes, threads) => {
    const size = apacheSize(tasks);
    expect(size).toMatchObject({ processes, threads });
    expect(size.requests).toBeLessThanOrEqual(connections.apache);
    expect(size.places).toBeLessThan(size.requests);
    // Half of the places is a visitor's.
    expect(size.places).toBeGreaterThanOrEqual(2);
    // Below it, no program of the account starts beside it anyway.
    if (tasks >= 32) expect(processes * (threads + 2)).toBeLessThanOrEqual(tasks * 0.75);
  },
);

test("a number in the configuration of a kind's server is the one that the kind declares", () => {
  const found = (Object.values(servers) as ServerKind[]).flatMap((kind) =>
    kind.shared().flatMap(({ path, content }) => {
      const numbers = (content ?? "").matchAll(
        /^ *(?:MaxRequestWorkers|ThreadsPerChild|ServerLimit|server\.max-connections) *=? *(\d+)$/gm,
      );
      return [...numbers].map(([, number]) => [path, Number(number), kind.parallel] as const);
    }),
  );
  expect(found.map(([path]) => path)).toEqual(["lighttpd/static.conf"]);
  for (const [path, number, declared] of found) expect(number, path).toBe(declared);
});

test("a whole /48 may open more than one visitor, and less than the workers of a front end hold", () => {
  expect(opening.network).toBeGreaterThan(1);
  expect(opening.network * (opening.burst + opening.perSecond * opening.headerSeconds)).toBeLessThan(
    2 * connections.frontEndWorker,
  );
});

test("each part is told its number", () => {
  const program = programServer("p", ["/bin/true"], { waf: { level: "basic" } });
  const accounts = [{ number: 1, name: "a", servers: [staticServer("s"), program] }];
  const { groups } = renderBundle(declarationOf(accounts), "web1");
  const files = new Map(
    Object.values(groups).flatMap((group) => group!.files.map(({ path, content }) => [path, content ?? ""] as const)),
  );
  const says = (path: string, ...lines: readonly string[]) => {
    for (const line of lines) expect(files.get(path), path).toContain(line);
  };
  says(
    "nginx/nginx.conf",
    `limit_conn visitors ${connections.visitor};`,
    `limit_conn everywhere ${connections.visitorInAll};`,
    `client_header_timeout ${opening.headerSeconds}s;`,
    `limit_conn servers ${connections.server};`,
    `limit_conn accounts ${connections.account};`,
    `worker_connections ${connections.frontEndWorker};`,
    `keepalive ${connections.kept};`,
    `worker_shutdown_timeout ${shutdownSeconds}s;`,
  );
  // What passes through it is as old as what passes through the front end.
  says(
    "waf/nginx.conf",
    `worker_connections ${connections.wafWorker};`,
    `worker_shutdown_timeout ${shutdownSeconds}s;`,
  );
  says(
    "nftables/fairhost.nft",
    `update @callers6 { ip6 saddr & ffff:ffff:ffff:ffff:: limit rate over ${opening.perSecond}/second burst ${opening.burst} packets }`,
    `update @callers48 { ip6 saddr & ffff:ffff:ffff:: limit rate over ${opening.network * opening.perSecond}/second burst ${opening.network * opening.burst} packets }`,
    `update @callers4 { ip saddr limit rate over ${opening.perSecond}/second burst ${opening.burst} packets }`,
  );
  says("systemd/nginx.service.d/50-fairhost.conf", `LimitNOFILE=${descriptors.frontEnd}`);
  says("systemd/account-.socket.d/50-defaults.conf", `Backlog=${connections.queue}`);
  says("lighttpd/static.conf", `server.max-connections = ${connections.static}`);
  says(
    "systemd/account-1-http-p.service",
    `PROXY_CONNECTIONS=${connections.proxy}`,
    `LimitNOFILE=${descriptors.server}:${descriptors.hard}`,
  );
  says("systemd/account-1-http-s.service", `LimitNOFILE=${descriptors.server}:${descriptors.hard}`);
  says("sysctl/60-fairhost.conf", `net.core.somaxconn = ${longestQueue}`);
});

test("a server that a kind brings along queues what the parts before it let through", () => {
  const queues = Object.values(servers).flatMap((kind) =>
    (kind as ServerKind).shared().flatMap(({ path, content }) => {
      const lengths = [...(content ?? "").matchAll(/^ *(?:[a-z.]*backlog:?|ListenBacklog) *=? *(\d+),?$/gm)];
      return lengths.map(([, length]) => [path, Number(length)] as const);
    }),
  );
  const expected = [
    "apache/php.conf",
    "apache/proxy.conf",
    "libexec/gunicorn-settings.py",
    "libexec/preload.cjs",
    "libexec/run-php",
  ];
  expect(queues.map(([path]) => path).sort()).toEqual(expected);
  for (const [path, length] of queues) expect(length, path).toBe(connections.queue);
});
