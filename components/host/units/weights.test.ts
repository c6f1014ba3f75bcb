import { expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import { schema } from "../host.file.ts";

/** systemd's weight of a slice that sets none, as `system.slice` (the host's services) and `user.slice` (the administrators' logins). */
const unset = 100;

test("whatever a host does for accounts weighs less than its own services and logins, and each part has a weight", () => {
  const declaration = declarationFixture({ hosts: 1, accounts: 2 });
  const [{ name }] = declaration.hosts as [(typeof declaration.hosts)[number]];
  for (const role of schema.shape.role.unwrap().options) {
    const hosts = declaration.hosts.map((host) => ({ ...host, role }));
    const { files } = renderBundle({ ...declaration, hosts }, name).groups.host!;
    const weights = Object.fromEntries(
      files.flatMap(({ path, content = "" }) => {
        const [, slice] = /^systemd\/(fairhost(?:-[a-z]+)?\.slice)$/.exec(path) ?? [];
        return slice === undefined ? [] : [[slice, /^CPUWeight=(.+)$/m.exec(content)?.[1]]];
      }),
    );
    // The weight of a part counts among the parts alone: systemd makes each `fairhost-*.slice` a child of `fairhost.slice`.
    expect(Number(weights["fairhost.slice"]), role).toBeLessThanOrEqual(unset / 5);
    expect(Object.keys(weights).filter((slice) => weights[slice] === undefined)).toEqual([]);
    const used = files.flatMap(({ content = "" }) => content.match(/(?<=^Slice=)fairhost.*$/gm) ?? []);
    expect(used.filter((slice) => !(slice in weights))).toEqual([]);
  }
});
