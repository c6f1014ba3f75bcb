import { expect, test } from "vitest";
import { linesOf, readRoutes, routesCommand, waysOf, wrongWays } from "./ways.ts";

const own = (space: string, address: string) =>
  `own ${space} - ${JSON.stringify([{ addr_info: [{ local: address }] }])}`;
const route = (space: string, said: object | undefined) =>
  `route ${space} fd00::5 ${said === undefined ? "" : JSON.stringify([said])}`;
const journey = { from: "visitor", to: "web1", address: "fd00::5" };

/** What each namespace says of the address; the visitor has two routers, and both have the host. */
function tried(said: Record<string, object | undefined>) {
  const lines = [
    own("visitor", "fd00:9::1"),
    own("router-1", "fe80::1"),
    own("router-2", "fe80::2"),
    own("web1", "fd00:1::11"),
    ...Object.entries({
      visitor: { dst: "default", nexthops: [{ gateway: "fe80::1" }, { gateway: "fe80::2" }] },
      "router-1": { dst: "fd00::/64", gateway: "fd00:1::11" },
      "router-2": { dst: "fd00::/64", via: { family: "inet6", host: "fd00:1::11" } },
      web1: { type: "local", dst: "fd00::/64" },
      ...said,
    }).map(([space, what]) => route(space, what)),
  ];
  return waysOf(readRoutes(lines.join("\n")), journey);
}

test("each next hop is a way of its own", () => {
  expect(linesOf(tried({}))).toEqual(["visitor > router-1 > web1", "visitor > router-2 > web1"]);
  expect(wrongWays(tried({}), [])).toEqual([]);
});

test("a loop is found, also on the way to who does not answer", () => {
  const ways = tried({ "router-1": { gateway: "fe80::2" }, "router-2": { gateway: "fe80::1" } });
  expect(linesOf(ways)).toEqual([
    "visitor > router-1 > router-2 > router-1: repeats",
    "visitor > router-2 > router-1 > router-2: repeats",
  ]);
  expect(wrongWays(ways, ["web1"])).toHaveLength(2);
});

test.each<[string, object | undefined, string]>([
  ["no route", undefined, "visitor > router-1: nowhere"],
  ["an owned range that ends there", { type: "unreachable", dst: "fd00::/32" }, "visitor > router-1: nowhere"],
  ["a next hop that nobody has", { gateway: "fe80::99" }, "visitor > router-1: nowhere"],
  ["a lost link", { nexthops: [{ gateway: "fe80::2", flags: ["dead"] }] }, "visitor > router-1: nowhere"],
  ["a second owner", { type: "local" }, "visitor > router-1: elsewhere"],
])("%s at one router is wrong for who answers alone", (_, said, line) => {
  const ways = tried({ "router-1": said });
  expect(linesOf(ways)).toEqual([line, "visitor > router-2 > web1"].sort());
  expect(linesOf(wrongWays(ways, []))).toEqual([line]);
  expect(wrongWays(ways, ["web1"])).toEqual([]);
});

test("each namespace is asked for each address in its family", () => {
  const command = routesCommand(["a"], ["fd00::1", "192.0.2.1"]);
  expect(command).toContain("ip -n a -json -6 route get fibmatch fd00::1");
  expect(command).toContain("ip -n a -json -4 route get fibmatch 192.0.2.1");
});
