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
  ["waf/rules.conf", true],
])("a change of %s needs an approval: %s", (path, expected) => {
  expect(isBoundary(path, bundleFolders)).toBe(expected);
});

test("a folder declares by itself whether its files are boundaries", () => {
  const waf: BundleFolder = {
    name: "waf",
    entry: { file: "waf/waf.conf", unit: "waf.service" },
    takesEffect: { by: "reload", unit: "waf.service", says: (host) => `Reloads the filter of ${host}.` },
    boundary: /^rules\//,
  };
  expect(isBoundary("waf/rules/1.conf", [...bundleFolders, waf])).toBe(true);
  expect(isBoundary("waf/waf.conf", [...bundleFolders, waf])).toBe(false);
  expect(isBoundary("waf/waf.conf", [{ ...waf, boundary: true }])).toBe(true);
});
