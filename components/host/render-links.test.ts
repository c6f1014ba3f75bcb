import { join } from "node:path";
import { expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationOf, type fixtureHost } from "../../testing/fixtures/bundle-fixture.ts";

const link = (port: string) => ({ port, switch: "sw1", switchPort: "1", switchManufacturer: "arista" });
const filesOf = (change: Partial<typeof fixtureHost>) =>
  renderBundle(declarationOf([], change), "web1").groups.host!.files.filter(({ path }) =>
    /^(?:links|networkd)\//.test(path),
  );

test.each([1, 2])("what a host with links: %s gets", async (count) => {
  const files = filesOf({ setUpLinks: true, links: [link("eth0"), link("eth1")].slice(0, count) });
  const text = files.map(({ path, content }) => `== ${path}\n${content}`).join("\n");
  await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden", `links-${count}.txt`));
});

test("a host whose links whoever installs it sets up gets nothing of it", () => {
  expect(filesOf({ links: [link("eth0")] })).toEqual([]);
  expect(filesOf({ setUpLinks: false, links: [link("eth0")] })).toEqual([]);
});
