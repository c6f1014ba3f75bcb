import { expect, test } from "vitest";
import { bundleOf, hostGroup } from "../../testing/fakes/host-tree.ts";
import { units } from "./systemd-analyze.ts";

test("changed units are verified in whatever folder they are: a template by an instance, a drop-in by its unit or one of them", async () => {
  const own = ["a.service", "b@.service", "c.service.d/x.conf", "web-.service.d/x.conf", "web-1.service"];
  const paths = ["systemd", "another"].flatMap((folder) => own.map((path) => `${folder}/${path}`));
  const bundle = bundleOf(
    {},
    hostGroup(
      "one",
      paths.map((path) => ({ path, content: "[Unit]\n" })),
    ),
  );
  const verified = async (folder: string) => {
    const changed = paths.filter((path) => path.startsWith(`${folder}/`) && !path.endsWith("web-1.service"));
    const calls: string[] = [];
    const run = async (_: string, args: readonly string[]) => {
      calls.push(...args.filter((each) => !/^-|^verify$/.test(each)));
      return { status: 0, stdout: "", stderr: "" };
    };
    expect(await units({ bundle, changed: new Set(changed), run }, changed)).toEqual([]);
    return calls;
  };
  const expected = ["a.service", "b@1.service", "c.service", "web-1.service"];
  expect(await verified("systemd")).toEqual(expected);
  expect(await verified("another")).toEqual(expected);
});

test("a unit that goes with its drop-ins is not looked for; one of Debian's is, whose drop-in goes", async () => {
  const changed = ["systemd/gone@.service", "systemd/gone@.service.d/60-x.conf", "systemd/nginx.service.d/x.conf"];
  const calls: string[][] = [];
  const run = async (_: string, args: readonly string[]) => {
    calls.push(args.filter((each) => !/^-|^verify$/.test(each)));
    return { status: 0, stdout: "", stderr: "" };
  };
  await units({ bundle: bundleOf({}, hostGroup("one")), changed: new Set(changed), run }, changed);
  expect(calls).toEqual([["nginx.service"]]);
});
