import { expect, test } from "vitest";
import type { Outcome, Trial } from "../../lab/trial/trial.ts";
import type { Way } from "../../lab/trial/ways.ts";
import { formatTrial } from "./prove.ts";
import { trialSvg } from "./trial-picture.ts";

const way = (...hops: string[]): Way => ({
  ...{ from: hops[0]!, to: hops.at(-1)!, address: "fd00::1", hops, end: "arrives" },
});
const outcome = (element: string, expected: number[], down: number[], longestGap: number): Outcome => ({
  ...{ element, expected, down, failure: "switch", agrees: expected.join() === down.join() },
  ...{ cut: { longestGap, lost: 2 }, restored: { longestGap: 20, lost: 0 } },
  ways: [way("visitor", "transit-1", "router-1", "web1"), way("web1", "router-2", "transit-2", "visitor")],
  wrong: [],
});

const accounts = [1, 2, 3, 4, 5].map((account) => ({ account, host: account < 3 ? "web1" : "web2" }));
const trial: Trial = {
  accounts,
  outcomes: [
    outcome("switch switch-a", [], [], 41),
    outcome("host web1", [1, 2], [1, 2], 28),
    outcome("link eth0 of host web2", [], [4], 30_012),
    outcome("router <router-1>", [1, 2, 3, 4, 5], [1, 2], 607),
  ],
  untried: ["disk vda of host web1"],
};

test("a trial as a picture, byte for byte: as proven, down against the proof, and up against it", async () => {
  await expect(trialSvg(trial)).toMatchFileSnapshot("trial.golden.svg");
});

test("accounts that fared alike are one column, fields that differ from the proof stand out", () => {
  const svg = trialSvg(trial);
  const columns = [...svg.matchAll(/>accounts ([\d, ]+)</g)].map(([, numbers]) => numbers);
  expect(columns).toEqual(["1, 2", "3, 5", "4"]);
  const wrong = [...svg.matchAll(/class="wrong" data-element="([^"]*)".*?>(\w+, proof: \w+)</g)];
  expect(wrong.map(([, element, words]) => `${element}: ${words}`)).toEqual([
    "link eth0 of host web2: down, proof: up",
    "router &lt;router-1&gt;: up, proof: down",
    "router &lt;router-1&gt;: up, proof: down",
  ]);
});

test("table and picture say the same verdict", () => {
  const verdict =
    "Tried 4 elements: the proof is wrong about 2. 1 element not tried: disks, power and places are not part of the network.";
  expect(formatTrial(trial)).toContain(verdict);
  expect(trialSvg(trial)).toContain(`<title>${verdict}</title>`);
});

test("the table has each way once, and the verdict counts those that loop", () => {
  expect(formatTrial(trial).match(/web1 > router-2 > transit-2 > visitor/g)).toHaveLength(4);
  const loop: Way = { ...way("visitor", "router-1", "router-2", "router-1"), end: "repeats" };
  const [first, ...others] = trial.outcomes;
  const wrong = { ...trial, outcomes: [{ ...first!, ways: [loop], wrong: [loop] }, ...others] };
  expect(formatTrial(wrong)).toContain("visitor > router-1 > router-2 > router-1: repeats");
  expect(formatTrial(wrong)).toContain("With 1 element cut, packets went round or were lost on their way.");
});
