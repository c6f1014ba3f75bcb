import { expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { declarationOf, fixtureHost } from "../../../testing/fixtures/bundle-fixture.ts";
import { sshPortOf } from "./ssh-port.ts";

function opened(address: string, port: number): string | undefined {
  const declaration = { ...declarationOf([]), hosts: [{ ...fixtureHost, ...sshPortOf({ address, port }) }] };
  const files = renderBundle(declaration, fixtureHost.name).groups.host!.files;
  const rules = files.find(({ path }) => path === "nftables/fairhost.nft")!.content!;
  return /^ *tcp dport (\{.*\}) goto ssh_of_host$/m.exec(rules)?.[1];
}

test("the firewall opens the inventory's SSH port beside 22", () => {
  expect(opened("2001:db8::1", 2222)).toBe("{ 22, 2222 }");
  expect(opened("web1.example", 22)).toBe("{ 22 }");
  expect(opened("web1.example", 80)).toBe("{ 22, 80 }");
});

test("a forward on the controller, or one with a port of outgoing connections, ends at the host's port 22", () => {
  for (const address of ["127.0.0.1", "localhost", "0:0::1"]) expect(opened(address, 2201)).toBe("{ 22 }");
  expect(opened("gateway.example", 52_201)).toBe("{ 22 }");
});
