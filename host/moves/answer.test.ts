import fc from "fast-check";
import { expect, test } from "vitest";
import { signAnswer } from "../../delivery/protocol/answers.ts";
import { bundleOf, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { ensureSecrets } from "../store/secrets.ts";
import { readHostAnswer } from "./answer.ts";

const text = '{"host":"web1","lost":"2026-11-27","accounts":[7]}';
const stamp = (number: number, line = text, { epoch, master } = secret) =>
  JSON.stringify({ number, epoch, signature: signAnswer(master, epoch, number, line) });
const counts = { answer: { lost: "2026-11-27", accounts: [7], number: 4 } };
const unsigned = expect.stringContaining("no controller that knows the master secret of web1 has signed that");

/** A host with its master secret. */
function host(tree: Tree) {
  const machine = tree.machine();
  ensureSecrets(machine, bundleOf({}), secret);
  return machine;
}

test.each<[string, string, object]>([
  ["nothing", "", { invalid: "it makes no sense" }],
  ["null", "null", { invalid: "it makes no sense" }],
  ["of another host", '{"host":"web2"}', { invalid: "it makes no sense" }],
  ["no day", `{"host":"web1","lost":true,"accounts":[]}\n${stamp(4)}`, { invalid: "it makes no sense" }],
  ["escapes", '{"host":"web1","lost":"\\u001b[2J","accounts":[]}', { invalid: "it makes no sense" }],
  ["no accounts", '{"host":"web1","lost":"2026-11-27"}', { invalid: "it makes no sense" }],
  ["words", '{"host":"web1","lost":"2026-11-27","accounts":["7"]}', { invalid: "it makes no sense" }],
  ["much", `{"host":"web1"}${" ".repeat(1 << 20)}`, { invalid: "it makes no sense" }],
  ["not lost", '{"host":"web1"}\n', { answer: "not lost" }],
  ["not lost any more", '{"host":"web1"}\n{"number":5}\n', { answer: "not lost" }],
  ["what the controller says", `${text}\n${stamp(4)}\n`, counts],
  ["no stamp", `${text}\n`, { invalid: unsigned }],
  ["another list with the stamp", `${text.replace("7", "8")}\n${stamp(4)}\n`, { invalid: unsigned }],
  ["another number", `${text}\n${stamp(4).replace('"number":4', '"number":5')}\n`, { invalid: unsigned }],
  ["an epoch that it never had", `${text}\n${stamp(4, text, { ...secret, epoch: 2 })}\n`, { invalid: unsigned }],
  ["a path as the epoch", `${text}\n${stamp(4).replace('"epoch":1', '"epoch":"1/../1"')}\n`, { invalid: unsigned }],
  [
    "signed with another secret",
    `${text}\n${stamp(4, text, { epoch: 1, master: Buffer.alloc(32, 8) })}\n`,
    { invalid: unsigned },
  ],
])("an answer that a backup host may give: %s", (_, said, expected) => {
  using tree = new Tree();
  expect(readHostAnswer(host(tree), said, "web1")).toEqual(expected);
});

test("whoever has an answer of the controller can make no other one of it that counts", () => {
  using tree = new Tree();
  const machine = host(tree);
  const real = `${text}\n${stamp(4)}`;
  const character = fc.record({ at: fc.nat(real.length - 1), by: fc.string({ minLength: 1, maxLength: 1 }) });
  fc.assert(
    fc.property(character, ({ at, by }) => {
      const read = readHostAnswer(machine, real.slice(0, at) + by + real.slice(at + 1), "web1");
      if ("answer" in read) expect([counts, { answer: "not lost" }]).toContainEqual(read);
    }),
    { numRuns: 2000 },
  );
});
