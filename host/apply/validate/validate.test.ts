import { expect, test } from "vitest";
import type { BundleFile } from "../../../delivery/protocol/bundle.ts";
import { sealGroup } from "../../../delivery/protocol/digest.ts";
import { FakeSystemd } from "../../../testing/fakes/fake-systemd.ts";
import { accountGroup, bundleOf, hostGroup, secret, Tree } from "../../../testing/fakes/host-tree.ts";
import { apply } from "../apply.ts";

/** A host need not have the programs of what nothing declared on it uses (decision 43). */

const configuration: BundleFile = { path: "apache/php.conf", content: "Listen 80\n" };
const host = hostGroup("one", [configuration]);
const plain = accountGroup(1);
const [service] = plain.units.filter(({ name }) => name.endsWith(".service"));
/** An account with a server that the configuration is for. */
const using = sealGroup({
  ...plain,
  units: [
    ...plain.units.filter((unit) => unit !== service),
    { ...service!, restartOn: [...service!.restartOn, configuration.path] },
  ],
});

test("a configuration that no unit uses is not validated; with its first user it is, though it did not change", async () => {
  using tree = new Tree();
  const systemd = new FakeSystemd(tree.root);
  const asked: string[] = [];
  systemd.refuse = (program) => {
    asked.push(program);
    return program === "env" ? "env: 'apache2': No such file or directory" : undefined;
  };
  const machine = tree.machine({ run: systemd.run, live: true });
  expect(await apply(machine, bundleOf({ 1: plain }, host), secret)).toMatchObject({ result: "applied", errors: [] });
  expect(asked).not.toContain("env");
  const errors = [{ group: "host", path: configuration.path }];
  expect(await apply(machine, bundleOf({ 1: using }, host), secret)).toMatchObject({ result: "rolled-back", errors });
  systemd.refuse = () => undefined;
  expect(await apply(machine, bundleOf({ 1: using }, host), secret)).toMatchObject({ result: "applied", errors: [] });
});
