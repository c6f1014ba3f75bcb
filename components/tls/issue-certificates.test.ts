import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationOf, staticServer } from "../../testing/fixtures/bundle-fixture.ts";

const [fair] = /^fair\(\).*$/m.exec(readFileSync(join(import.meta.dirname, "issue-certificates.sh"), "utf8"))!;

test("names of each account come in turn, however many one has", async () => {
  const names = ["a", "b", "c", "d"].map((name) => `_.${name}.evil.test 1`);
  const { stdout } = await execa("bash", ["-c", `${fair}\nfair`], { input: [...names, "_.z.test 2"].join("\n") });
  const accounts = stdout.split("\n").map((line) => line.split(" ")[1]);
  expect(accounts.slice(0, 2).toSorted()).toEqual(["1", "2"]);
  expect(accounts).toHaveLength(5);
});

/** What the certificate program of a host with a wildcard is started with. */
function started(delegated?: boolean): string {
  const server = { ...staticServer("www"), hostnames: ["*.alice.test"] };
  const some = declarationOf([{ number: 1, name: "alice", servers: [server] }]);
  const dns = { provider: "rfc2136", secrets: ["RFC2136_TSIG_SECRET"], ...(delegated !== undefined && { delegated }) };
  const certificates = { directory: "https://ca.example/dir", email: "ops@example.net", dns };
  const networks = some.networks.map((network) => ({ ...network, certificates }));
  const httpServers = some.httpServers.map((each) => ({ ...each, https: true }));
  const { files } = renderBundle({ ...some, networks, httpServers }, "web1").groups.host!;
  return files.find(({ path }) => path === "systemd/fairhost-certificates.service")!.content!;
}

test("proofs follow a CNAME, which an account's owner writes, only where that is declared", () => {
  expect(started()).toMatch(/LEGO_DISABLE_CNAME_SUPPORT=true/);
  expect(started(false)).toContain("LEGO_DISABLE_CNAME_SUPPORT=true");
  expect(started(true)).not.toContain("LEGO_DISABLE_CNAME_SUPPORT");
});
