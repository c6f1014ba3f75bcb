import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../testing/fakes/applied-host.ts";
import { declarationOf, programServer } from "../../testing/fixtures/bundle-fixture.ts";

/** What a deploy does with HTTP servers of one account that run: says its environment, and writes for as long as somebody listens. */
const program = `require("node:http").createServer((request, response) => {
  if (request.url !== "/stream") return response.end(process.env.WHO);
  const ticks = setInterval(() => response.write("tick\\n"), 50);
  response.on("close", () => clearInterval(ticks));
}).listen(process.env.PORT);
`;
const server = (name: string, who: string) =>
  programServer(name, ["/usr/bin/node", "server.cjs"], { environment: { WHO: who } });
const bundle = (who: string) =>
  renderBundle(
    declarationOf([{ number: 1, name: "alice", servers: [server("changes", who), server("stays", "same")] }]),
    "web1",
  );
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
  await on.host.writeFile("/srv/accounts/1/home/server.cjs", program);
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
