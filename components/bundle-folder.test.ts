import { expect, test } from "vitest";
import { type BundleFolder, isBoundary } from "./bundle-folder.ts";
import { bundleFolders } from "./bundle-folders.generated.ts";

test.each([
  ["nftables/fairhost.nft", true],
  ["sysctl/60-fairhost.conf", true],
  ["systemd/account-.service.d/50-sandbox.conf", true],
  ["systemd/account-7-http-blog.service.d/x.conf", true],
  ["systemd/service.d/x.conf", true],
  ["systemd/nftables.service.d/50-fairhost.conf", true],
  ["systemd/multi-user.target.wants/nftables.service", true],
  ["systemd/ssh.socket", true],
  ["systemd/account-7.slice.d/60-plan.conf", false],
  ["systemd/account-7-http-blog.service", false],
  ["systemd/nginx.service.d/50-fairhost.conf", false],
  ["nginx/nginx.conf", false],
  ["nftables", true],
  ["unknown/file", true],
])("a change of %s needs an approval: %s", (path, expected) => {
  expect(isBoundary(path, bundleFolders)).toBe(expected);
});

test("a folder declares by itself whether its files are boundaries", () => {
  const example: BundleFolder = {
    name: "example",
    entry: { file: "example/example.conf", unit: "example.service" },
    takesEffect: { by: "reload", unit: "example.service", says: (host) => `Reloads ${host}.` },
    boundary: /^rules\//,
  };
  expect(isBoundary("example/rules/1.conf", [...bundleFolders, example])).toBe(true);
  expect(isBoundary("example/example.conf", [...bundleFolders, example])).toBe(false);
  expect(isBoundary("example/example.conf", [{ ...example, boundary: true }])).toBe(true);
});
