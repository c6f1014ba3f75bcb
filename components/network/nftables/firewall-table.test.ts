import { describe, expect, test } from "vitest";
import { hostFixture } from "../../../testing/fixtures/fixture.ts";
import type { OpenPort, OwnPorts } from "../../registry/bundle/renderer.ts";
import { renderTable } from "./firewall-table.ts";
import { portSet } from "./open-ports.ts";

const passive: OpenPort = { protocol: "tcp", port: [8300, 8499] };
const quic: OpenPort = { protocol: "udp", port: 443 };
const tcp = (port: OpenPort["port"]): OpenPort => ({ protocol: "tcp", port });
const ssh: OpenPort = { ...tcp(22), of: "host" };
const linesOf = (openPorts: readonly OpenPort[], ownPorts: readonly OwnPorts[] = []) => {
  const around = { ownPorts, accountUids: "200001-265535", sites: [], infrastructure: [], owned: [], controllers: [] };
  const [file] = renderTable(hostFixture(), { ...around, openPorts });
  return file!.content!.split("\n").map((line) => line.trim());
};

describe("ports that kinds open", () => {
  test("are sorted, each once, with overlapping ranges merged, since nft refuses them", () => {
    const open = [tcp(80), tcp([8400, 8600]), passive, tcp(8500), tcp(22), tcp(22), tcp([8300, 8310]), quic];
    expect(portSet(open, "tcp")).toBe("22, 80, 8300-8600");
    expect(portSet(open, "udp")).toBe("443");
    expect(portSet([], "udp")).toBe("");
  });

  test.each([[tcp(0)], [tcp(70_000)], [tcp(1.5)], [tcp([90, 80])]])("what is not a port is refused: %j", (wrong) => {
    expect(() => portSet([wrong], "tcp")).toThrow("cannot be opened: a port is from 1 to 32767");
  });

  test("a port that an outgoing connection may have is refused: the rule that sockets only answer would break it", () => {
    expect(() => portSet([tcp([50_000, 50_099])], "tcp")).toThrow("tcp port 50000-50099 cannot be opened");
  });

  test("are accepted on the way in, and may not call out", () => {
    const lines = linesOf([ssh, passive, quic]);
    expect(lines).toContain("tcp dport { 22 } goto ssh_of_host");
    expect(lines).toContain("tcp dport { 8300-8499 } accept");
    expect(lines).toContain("udp dport { 443 } accept");
    expect(lines).toContain(
      'tcp sport { 22, 8300-8499 } tcp flags & (syn | ack) == syn counter reject with tcp reset comment "a socket of an open port calls out"',
    );
    expect(lines).toContain('udp sport { 443 } counter reject comment "a socket of an open port calls out"');
  });

  test("without one of a protocol there is no rule for it", () => {
    const bfd = /udp dport 3784 ip6 hoplimit 255/;
    expect(linesOf([ssh]).filter((line) => /udp [ds]port/.test(line) && !bfd.test(line))).toEqual([]);
  });

  test("are open to accounts too, except the host's own services", () => {
    const lines = linesOf([ssh, passive, quic]);
    const chain = lines.slice(lines.indexOf("chain from_account_to_host {"), lines.indexOf("chain ask_resolver {"));
    expect(chain).toContain("tcp dport { 8300-8499 } accept");
    expect(chain).toContain("udp dport { 443 } accept");
    expect(chain.filter((line) => /\b22\b/.test(line))).toEqual([]);
  });
});

describe("ports that only some accounts have", () => {
  const own: OwnPorts = { name: "mail", words: "mail", port: 993, loggedIn: [4190, 4191], of: () => true };

  test("are reached at the addresses of these alone, by visitors and by neighbours, and may not call out", () => {
    const without = new Set(linesOf([ssh]));
    expect(linesOf([ssh], [own]).filter((line) => /mail|\b(?:993|4190)/.test(line) && !without.has(line))).toEqual([
      "set ports_mail { type ipv6_addr; }",
      "ip6 daddr @ports_mail tcp dport { 993, 4190-4191 } notrack",
      "ip6 saddr @ports_mail tcp sport { 993, 4190-4191 } notrack",
      "ip6 daddr @ports_mail tcp dport { 993, 4190-4191 } goto mail_of_account",
      "# mail of accounts that have it. Nobody listens on the ports of data but for a client that has logged in.",
      "chain mail_of_account {",
      expect.stringMatching(
        /^tcp dport 993 .* limit rate over .* drop comment "too many connections to mail of accounts"$/,
      ),
      expect.stringMatching(/^ip6 daddr @ports_mail tcp dport \{ 993, 4190-4191 \} .*@visits_of_host .* goto refuse$/),
      "ip6 daddr @ports_mail tcp dport { 993, 4190-4191 } goto mail_of_account",
      expect.stringMatching(/^ip6 saddr @ports_mail .* reject with tcp reset comment "a socket of mail calls out"$/),
      'ip6 saddr @ports_mail tcp sport { 993, 4190-4191 } accept comment "answers of mail"',
    ]);
  });

  test("have a name that can be one of a set", () => {
    expect(() => linesOf([ssh], [{ ...own, name: "mail { }" }])).toThrow("name of ports");
  });
});
