import { expect, test } from "vitest";
import type { HostAnswer } from "../../delivery/protocol/backups.ts";
import { readHostAnswer, whetherGone } from "./fence.ts";

const lost = (...accounts: number[]): HostAnswer => ({ host: "web1", lost: "2026-11-27", accounts });
const here: HostAnswer = { host: "web1" };
const by = (...names: string[]) => ({ by: names, lost: "2026-11-27" });

test.each<[string, Record<string, HostAnswer>, ReturnType<typeof by> | undefined, ReturnType<typeof by> | undefined]>([
  ["no backup host answers", {}, undefined, undefined],
  ["the host is not lost", { bak1: here }, undefined, undefined],
  ["it is lost, and the account still declared on it", { bak1: lost(7) }, undefined, undefined],
  ["it is lost, and the account elsewhere", { bak1: lost(8) }, undefined, by("bak1")],
  ["one has not heard of it yet", { bak1: here, bak2: lost() }, undefined, by("bak2")],
  ["both say so", { bak2: lost(), bak1: lost() }, undefined, by("bak1", "bak2")],
  ["the one that said so is silent", { bak2: here }, by("bak1"), by("bak1")],
  ["the host is not lost any more, and waits for its deploy", { bak1: here }, by("bak1"), by("bak1")],
  ["the account is declared on it again", { bak1: lost(7) }, by("bak1"), undefined],
  ["only one of two says that", { bak1: lost(7), bak2: here }, by("bak1", "bak2"), by("bak2")],
])("whether account 7 has gone: %s", (_, answers, known, expected) => {
  expect(whetherGone(7, new Map(Object.entries(answers)), known)).toEqual(expected);
});

test.each([
  ["", undefined],
  ["null", undefined],
  ['{"host":"web2"}', undefined],
  ['{"host":"web1","lost":true,"accounts":[]}', undefined],
  ['{"host":"web1","lost":"\\u001b[2J","accounts":[]}', undefined],
  ['{"host":"web1","lost":"2026-11-27"}', undefined],
  ['{"host":"web1","lost":"2026-11-27","accounts":["7"]}', undefined],
  [`{"host":"web1"}${" ".repeat(1 << 20)}`, undefined],
  ['{"host":"web1","more":1}', here],
  ['{"host":"web1","lost":"2026-11-27","accounts":[7]}', lost(7)],
])("an answer that a backup host may give: %s", (text, expected) => {
  expect(readHostAnswer(text, "web1")).toEqual(expected);
});
