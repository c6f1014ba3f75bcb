import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { faultOf } from "./public-key.ts";

/** What ssh-keygen itself makes is a key, and nothing that differs from it in an octet is. */
const directory = mkdtempSync(join(tmpdir(), "fairhost-key-"));
function made(...type: readonly string[]): string {
  const file = join(directory, type.join("-"));
  execFileSync("ssh-keygen", ["-q", "-t", ...type, "-N", "", "-C", "ada@example.org", "-f", file]);
  return readFileSync(`${file}.pub`, "utf8").trim();
}
const good = [
  ["ed25519"],
  ["ecdsa", "-b", "256"],
  ["ecdsa", "-b", "384"],
  ["ecdsa", "-b", "521"],
  ["rsa", "-b", "3072"],
].map((type) => made(...type));
rmSync(directory, { recursive: true, force: true });

const blob = (...parts: readonly (string | Buffer)[]) =>
  Buffer.concat(
    parts.flatMap((part) => {
      const octets = Buffer.from(part as string);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(octets.length);
      return [length, octets];
    }),
  ).toString("base64");
const point = Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)]);

test("the keys of ssh-keygen, and those of security keys, may log in", () => {
  const sk = "sk-ssh-ed25519@openssh.com";
  const skEcdsa = "sk-ecdsa-sha2-nistp256@openssh.com";
  const ofSecurityKeys = [
    `${sk} ${blob(sk, Buffer.alloc(32, 1), "ssh:")}`,
    `${skEcdsa} ${blob(skEcdsa, "nistp256", point, "ssh:")} my key`,
  ];
  for (const line of [...good, ...ofSecurityKeys]) expect(faultOf(line), line).toBeUndefined();
});

test.each([
  ["options", `command="sh" ${good[0]}`, "without options"],
  ["no type", good[0]!.split(" ")[1]!, "is not written as"],
  ["two lines", `${good[0]}\n${good[1]}`, "is not written as"],
  ["DSA", `ssh-dss ${blob("ssh-dss")}`, "is of type ssh-dss, which is too weak"],
  ["a certificate", `ssh-ed25519-cert-v01@openssh.com ${blob("x")}`, "which is not one that may log in"],
  ["a name of Object's own", `constructor ${blob("constructor")}`, "which is not one that may log in"],
  ["a type that is another inside", `ssh-rsa ${good[0]!.split(" ")[1]}`, "is called ssh-rsa, but is none inside"],
  ["base64 with loose ends", good[0]!.replace(/(\S+) (\S+) .*/, "$1 $2A"), "is cut off, or not in base64"],
  ["half a key", `ssh-ed25519 ${blob("ssh-ed25519", Buffer.alloc(31))}`, "is cut off, or no key inside"],
  ["more than a key", `ssh-ed25519 ${blob("ssh-ed25519", Buffer.alloc(32), "x")}`, "has more than a key has"],
  ["another curve", `ecdsa-sha2-nistp256 ${blob("ecdsa-sha2-nistp256", "nistp384", point)}`, "no key inside"],
  [
    "a compressed point",
    `ecdsa-sha2-nistp256 ${blob("ecdsa-sha2-nistp256", "nistp256", Buffer.alloc(65, 2))}`,
    "no key inside",
  ],
  [
    "an RSA key with an even modulus",
    `ssh-rsa ${blob("ssh-rsa", Buffer.of(3), Buffer.alloc(400, 2))}`,
    "no key inside",
  ],
  [
    "an RSA key that is padded",
    `ssh-rsa ${blob("ssh-rsa", Buffer.of(3), Buffer.concat([Buffer.alloc(200), Buffer.alloc(200, 1)]))}`,
    "no key inside",
  ],
  [
    "an RSA key of 2048 bits",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDwQMwBnka0bUZv8QfKqlzRMxZxiNYHLRYD1V1M7fUFospM71pLQhKZR+lFyQmp4vCBCcYCyei6RUpbAK7bu0iiOQGdYyQBFsx3KQ2lSth7EToJzmtEkM/qn6kgk/yUvM2zf/NK/kOlQQnscU+bXqh4YmuNFCnOhGXHPhc4txg5ELFWPHpyrdevzpYoLweDMgTe1O/hNdAtOUsLmmi4AuLzHxunDrpy6zpQFQ0YhS5qYH3r5UswSSsTD1uCv2CVqogfCMwWfOmN254vYchmjtwCSkncpRWXoAV0sA1/7rqRFisi+LB/NFgmYjTjRmi7MMpbgYpaYYWB2e9RklBJKSLV ada@example.org",
    "is an RSA key of 2048 bits, fewer than 3072",
  ],
])("%s may not", (_, line, fault) => {
  expect(faultOf(line)).toContain(fault);
});

test("a key that lost or gained octets anywhere is none", () => {
  for (const line of good) {
    const [type, text] = line.split(" ") as [string, string];
    const octets = Buffer.from(text, "base64");
    for (let length = 0; length < octets.length; length++)
      expect(faultOf(`${type} ${octets.subarray(0, length).toString("base64")}`), `${type} ${length}`).toBeDefined();
  }
});
