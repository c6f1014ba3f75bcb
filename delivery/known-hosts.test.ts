import { expect, test } from "vitest";
import { pinnedKey } from "./known-hosts.ts";

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

test("a revoked key is an error, an authority is not a host key", () => {
  expect(() => pinnedKey(file, "gone.example", 22)).toThrow("the host key of gone.example is marked @revoked");
  expect(pinnedKey(file, "x.example", 22)).toBeUndefined();
});
