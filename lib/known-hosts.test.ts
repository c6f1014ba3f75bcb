import { expect, test } from "vitest";
import { pinnedKeyIn, wholeLines } from "./known-hosts.ts";

const pinned = (text: string, address: string, port: number) => pinnedKeyIn(wholeLines(text), address, port);
const pinnedKey = (text: string, address: string, port: number) => pinned(text, address, port).key;

const file = `
# the fleet
web1.example ssh-rsa AAAArsa
web1.example,192.0.2.1 ssh-ed25519 AAAAed comment
[127.0.0.1]:2201 ssh-ed25519 AAAAlab
|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 AAAAhashed
@revoked gone.example ssh-ed25519 AAAAgone
@cert-authority *.example ssh-ed25519 AAAAca
`;

test("prefers Ed25519 among several keys of a host", () => {
  expect(pinnedKey(file, "web1.example", 22)).toBe("ssh-ed25519 AAAAed");
  expect(pinnedKey(file, "192.0.2.1", 22)).toBe("ssh-ed25519 AAAAed");
});

test("a port other than 22 is part of the name", () => {
  expect(pinnedKey(file, "127.0.0.1", 2201)).toBe("ssh-ed25519 AAAAlab");
  expect(pinnedKey(file, "127.0.0.1", 22)).toBeUndefined();
});

test("reads hashed names (the example of OpenSSH's own format)", () => {
  expect(pinnedKey(file, "192.168.1.61", 22)).toBe("ssh-ed25519 AAAAhashed");
});

test("of keys of other types, one that is not RSA", () => {
  const keys = "a ssh-rsa AAAArsa\na ecdsa-sha2-nistp256 AAAAec\n";
  expect(pinnedKey(keys, "a", 22)).toBe("ecdsa-sha2-nistp256 AAAAec");
});

test("a revoked key is none, and said to be revoked; an authority is not a host key", () => {
  const gone = `${file}gone.example ssh-ed25519 AAAAgone\n`;
  expect(pinned(gone, "gone.example", 22)).toEqual({ revoked: true });
  expect(pinnedKey(file, "x.example", 22)).toBeUndefined();
});

test.each(["*", "*.example", "web?.example", "Web1.Example", "other.example,web1.*"])(
  "a key that is revoked for %s is not used, the host's other one is",
  (pattern) => {
    const revoked = `${file}@revoked ${pattern} ssh-ed25519 AAAAed\n`;
    expect(pinnedKey(revoked, "web1.example", 22)).toBe("ssh-rsa AAAArsa");
    expect(pinned(`${revoked}@revoked * ssh-rsa AAAArsa\n`, "web1.example", 22)).toEqual({ revoked: true });
  },
);

test.each(["!web1.example,*", "*.org", "web11.example"])("a key revoked for %s is used elsewhere", (pattern) => {
  expect(pinnedKey(`${file}@revoked ${pattern} ssh-ed25519 AAAAed`, "web1.example", 22)).toBe("ssh-ed25519 AAAAed");
});

test("an address is found in whatever way it is written", () => {
  expect(pinnedKey(file, "Web1.EXAMPLE", 22)).toBe("ssh-ed25519 AAAAed");
  const addresses = "2001:db8::1 ssh-ed25519 AAAAplain\n[2001:DB8::1]:2222 ssh-ed25519 AAAAport\n";
  expect(pinnedKey(addresses, "2001:DB8:0::1", 22)).toBe("ssh-ed25519 AAAAplain");
  expect(pinnedKey(addresses, "2001:db8:0::1", 2222)).toBe("ssh-ed25519 AAAAport");
});
