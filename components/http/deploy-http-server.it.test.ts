import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../testing/fakes/applied-host.ts";
import { declarationOf, programServer } from "../../testing/fixtures/bundle-fixture.ts";
import { tellingServers } from "../../testing/telling-servers.ts";
import { servers as kinds } from "./kinds/servers.generated.ts";

/** What a deploy does with HTTP servers of one account that run: says its environment, and writes for as long as somebody listens. */
const program = `require("node:http").createServer((request, response) => {
  if (request.url !== "/stream") return response.end(process.env.WHO);
  const ticks = setInterval(() => response.write("tick\\n"), 50);
  response.on("close", () => clearInterval(ticks));
}).listen(process.env.PORT);
`;
const server = (name: string, who: string) =>
  programServer(name, ["/usr/bin/node", "server.cjs"], { environment: { WHO: who } });
/** A server of each kind, in each way that it serves. The first one, which the proxy asks, is not changed. */
const [asked, ...telling] = tellingServers.filter(({ server: { kind } }) => "service" in kinds[kind]);
const own = asked!.server.kind === "program" ? { ...asked!.server, name: "own", idleSeconds: 300 } : asked!.server;
const changed = [own, ...telling.map(({ server }) => server)];
const bundle = (who: string, idleSeconds = 300) => {
  const all = changed.map((each) => ({ ...each, idleSeconds }));
  const servers = [asked!.server, server("changes", who), server("stays", "same"), ...all];
  const limits = { tasksMax: 500, memoryMaxMb: 2048 };
  return renderBundle(declarationOf([{ number: 1, name: "alice", servers, limits }]), "web1");
};
const unit = (name: string) => `account-1-http-${name}.service`;
const soon = { timeout: 60_000, interval: 200 };

let on: AppliedHost;
const pid = (name: string) => on.shell(`systemctl show -p MainPID --value ${unit(name)}`);
const curl = (name: string, path: string, more = "") =>
  `curl -sSN --max-time 300 ${more} -H 'Host: ${name}.alice.test' -g http://[fd00:8000:0:1::1]${path}`;
const ticks = async () => Number(await on.shell("grep -c tick /root/stream || true"));

beforeAll(async () => {
  on = await appliedHost("deploy-http");
  const { report, stderr } = await on.apply(bundle("one"));
  expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
  const home = "/srv/accounts/1/home";
  await on.host.writeFile(`${home}/server.cjs`, program);
  for (const { files } of [asked!, ...telling])
    for (const [path, content] of Object.entries(files)) await on.host.writeFile(`${home}/${path}`, content);
  await on.shell(`head -c 30000000 /dev/zero >${home}/static/large.bin`);
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

test("a changed environment restarts that server alone: another one of the account keeps its process and an open stream", async () => {
  expect(await on.shell(curl("changes", "/"))).toBe("one");
  await on.shell(`systemd-run --quiet --unit=visitor /bin/sh -c "exec ${curl("stays", "/stream", "-o /root/stream")}"`);
  await expect.poll(ticks, soon).toBeGreaterThan(0);
  const [changes, stays] = [await pid("changes"), await pid("stays")];
  const { report } = await on.apply(bundle("two"));
  expect(report.hooks).toEqual(["daemon-reload", `stop changed ${unit("changes")}`]);
  expect(await on.shell(curl("changes", "/"))).toBe("two");
  expect(await pid("changes")).not.toBe(changes);
  expect(await pid("stays")).toBe(stays);
  // The same visitor still gets what the program writes.
  const before = await ticks();
  await expect.poll(ticks, soon).toBeGreaterThan(before);
  expect(await on.states("visitor.service")).toEqual(["active"]);
  expect(await on.shell("journalctl -u nginx -o cat | grep -ci reload || true")).toBe("0");
});

test("a changed server of each kind answers whoever it has begun to answer, and refuses nobody", async () => {
  expect(new Set(changed.map(({ kind }) => kind))).toEqual(
    new Set(Object.values(kinds).flatMap((each) => ("service" in each ? [each.kind] : []))),
  );
  const programs = join(import.meta.dirname, "../../testing/programs");
  await on.host.writeFile("/root/in-flight.py", readFileSync(join(programs, "in-flight.py")));
  const sites = changed.map(({ name, kind }) => [
    name,
    { unit: unit(name), way: kind === "static" ? "download" : "upload" },
  ]);
  await on.host.writeFile("/root/sites.json", JSON.stringify(Object.fromEntries(sites)));
  for (const { name } of changed)
    await expect.poll(() => on.shell(`${curl(name, "/", "-o /dev/null -w '%{http_code}'")} || true`), soon).toBe("200");
  await on.shell("systemd-run --quiet --unit=in-flight python3 /root/in-flight.py fd00:8000:0:1::1 /root/sites.json");
  await on.until("test -e /run/open");
  const { report } = await on.apply(bundle("two", 301));
  expect(report.errors).toEqual([]);
  await on.until("test -e /run/seen");
  const seen = JSON.parse(await on.shell("cat /run/seen")) as Record<string, { held: string; others: object }>;
  const whole = (kind: string) => (kind === "static" ? /^200 30000000 / : /^200 .*200000 [0-9a-f]{64}/s);
  expect(seen).toEqual(
    Object.fromEntries(
      changed.map(({ name, kind }) => [
        name,
        { held: expect.stringMatching(whole(kind)) as string, others: { 200: expect.any(Number) as number } },
      ]),
    ),
  );
});
