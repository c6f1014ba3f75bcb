import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { answersDirectory } from "../../delivery/protocol/answers.ts";
import { hostAnswers } from "../../delivery/protocol/backups.ts";
import { bundleOf, hostGroup, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { init } from "../apply/init.ts";
import { inspect } from "../inspect/inspect.ts";

const answer = (host: string, more = "") => ({ path: `${hostAnswers}${host}`, content: `{"host":"${host}"${more}}\n` });
const stamp = { number: 4, epoch: 1, signature: "c2ln" };

test("answers are as they were delivered, with their stamps, and the user as which hosts ask can read them", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  const directory = tree.at(answersDirectory);
  const read = () =>
    Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(`${directory}/${name}`, "utf8")]));
  await init(machine);
  const lost = ',"lost":"2026-11-27","accounts":[]';
  const bundle = bundleOf({}, hostGroup("one", [answer("web1", lost), answer("web2")]));
  await apply(machine, bundle, secret, { answers: { web1: stamp } });
  const said = { web1: `{"host":"web1"${lost}}\n${JSON.stringify(stamp)}\n`, web2: '{"host":"web2"}\n' };
  expect(read()).toEqual(said);
  // An apply on the host itself, as at a boot, has no stamps.
  expect(await apply(machine, bundle)).toMatchObject({ result: "unchanged", repaired: [] });
  expect(read()).toEqual(said);
  expect([directory, `${directory}/web1`].map((path) => statSync(path).mode & 0o777)).toEqual([0o755, 0o644]);
  // Only the stamp differs.
  const { result } = await apply(machine, bundle, secret, { answers: { web1: { ...stamp, number: 5 } } });
  expect([result, read().web1]).toEqual(["unchanged", expect.stringContaining('"number":5')]);
  const look = async () =>
    (await inspect(machine, {}, process.execPath)).differences.map(({ kind, what }) => `${kind} ${what}`);
  expect(await look()).toEqual([]);
  writeFileSync(`${directory}/web1`, '{"host":"web1"}\n');
  rmSync(`${directory}/web2`);
  expect(await look()).toEqual([`file-changed ${directory}/web1`, `file-removed ${directory}/web2`]);
  await apply(machine, bundle, secret, { answers: { web1: stamp } });
  expect([await look(), read()]).toEqual([[], said]);
  await apply(machine, bundleOf({}), secret, {});
  expect(read()).toEqual({});
});
