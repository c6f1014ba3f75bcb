import { expect, test } from "vitest";
import { bundleFolders } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import { bundleOf, hostGroup } from "../../../testing/fakes/host-tree.ts";
import { bundlePath, groupOfPath } from "./problem.ts";

test.each(bundleFolders.map(({ name }) => name))(
  "a file in %s/ is recognized by the path that programs print",
  (folder) => {
    const groupOf = groupOfPath(bundleOf({}, hostGroup("one", [{ path: `${folder}/x`, content: "" }])));
    expect(groupOf(`/var/lib/fairhost/current/${folder}/x`)).toBe("host");
    expect(groupOf(`/var/lib/fairhost/generations/7/${folder}/x`)).toBe("host");
    expect(groupOf(`/var/lib/fairhost/current/${folder}/y`)).toBeUndefined();
  },
);

test("a path behind a fixed symlink becomes the path of its target, any other stays", () => {
  expect(bundlePath("/usr/local/lib/systemd/system/account-1.slice")).toBe("systemd/account-1.slice");
  expect(bundlePath("/usr/local/lib/sysctl.d/60-x.conf")).toBe("sysctl/60-x.conf");
  expect(bundlePath("/etc/userdb/a1.user")).toBe("userdb/a1.user");
  expect(bundlePath("/etc/nginx.conf")).toBe("/etc/nginx.conf");
});
