import { expect, test } from "vitest";
import { heldDeliveries } from "./held-deliveries.ts";

const signed = { number: 4, epoch: 1, signature: "c2ln" };
const sent = (more: object) => JSON.stringify({ bundle: "", masterSecret: "AQI=", secretEpoch: 2, repair: 0, ...more });

test("the newest stamps that were sent are found, in deliveries to backup hosts and to the host itself", () => {
  const { masters, stamps, awaited } = heldDeliveries([
    ["web1-apply", sent({ answered: 5 })],
    ["web2-apply", sent({ answered: 3 })],
    ["bak1-apply", sent({ answers: { web1: signed, web2: signed } })],
    ["bak2-apply", sent({ answers: { web1: { number: 3 }, web3: { number: 9 } } })],
    ["web3-apply", sent({ awaited: [1, 7] })],
    ["web4-apply", '{"cut'],
    ["web5-bootstrap", "#!/bin/sh"],
  ]);
  expect(Object.fromEntries(stamps)).toEqual({ web1: { number: 5 }, web2: signed, web3: { number: 9 } });
  expect(masters.get("web1")).toEqual({ epoch: 2, master: Buffer.from([1, 2]) });
  expect([...masters.keys()]).toEqual(["web1", "web2", "bak1", "bak2", "web3"]);
  expect(Object.fromEntries(awaited)).toEqual({ web3: [1, 7] });
});
