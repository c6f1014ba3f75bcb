import { expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { declarationOf } from "../../../testing/fixtures/bundle-fixture.ts";
import { frontDoors, isDeclaredShut } from "./front-end.ts";

/** A client in ranges that operators close, as those that no network has. */
const client = { 4: "198.18.5.2", 6: "fd12:3456:789a::2" };

function shutBy(firewall: readonly string[]): string {
  const declared = declarationOf([], { firewall });
  const frontEnds = declared.frontEnds.map((each) => ({ ...each, ports: [443, 80], address4: "192.0.2.80" }));
  const { files } = renderBundle({ ...declared, frontEnds }, "web1").groups.host!;
  const texts = (path: string) => files.find((file) => file.path === path)?.content;
  const doors = frontDoors(texts).filter((door) => isDeclaredShut(texts, door, client));
  return doors.map(({ family, port }) => `${family}:${port}`).join(" ");
}

test.each([
  [["drop in tcp port 80"], "6:80 4:80"],
  [["reject in tcp port 400-500 over IPv4"], "4:443"],
  [["drop in all"], "6:80 6:443 4:80 4:443"],
  [["drop in all over IPv6"], "6:80 6:443"],
  [["drop in all from fc00::/7,198.18.0.0/15"], "6:80 6:443 4:80 4:443"],
  [["drop in tcp port 80 from 2001:db8::/32,198.18.5.2"], "4:80"],
  [["accept in tcp port 80 from fd00::/8", "drop in tcp port 80,443"], "6:443 4:80 4:443"],
  [["drop in udp port 80", "drop in icmp", "accept in tcp port 9100", "drop out tcp port 80"], ""],
  [[], ""],
])("doors that declared rules close to a visitor: %j", (rules, expected) => {
  expect(shutBy(rules)).toBe(expected);
});
