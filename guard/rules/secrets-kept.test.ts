import { step, testGuardRule, valid } from "../../testing/test-guard-rule.ts";
import { type Side, sideOf } from "../change/side.ts";
import { secretsKept } from "./secrets-kept.ts";

const withEpoch = (secretEpoch: number): Side => {
  return { ...sideOf(valid), deliveries: new Map([["h1", { host: "h1", digest: "d", applier: "a", secretEpoch }]]) };
};

testGuardRule(secretsKept, {
  "the engine replaces the master secret": {
    change: { engine: [step({ op: "replace", type: "random:index/randomBytes:RandomBytes", host: "h1" })] },
    expect: ["needs approval: host h1: Rotates the master secret of h1. [rotate-secret host h1]"],
  },
  "the engine replaces one that is a password": {
    change: { engine: [step({ op: "replace", type: "random:index/randomPassword:RandomPassword", host: "h1" })] },
    expect: ["needs approval: host h1: Rotates the master secret of h1. [rotate-secret host h1]"],
  },
  "the engine deletes it while the delivery stays": {
    change: {
      engine: [step({ op: "delete", type: "random:index/randomBytes:RandomBytes", host: "h1" })],
      before: withEpoch(1),
      after: withEpoch(1),
    },
    expect: ["needs approval: host h1: Rotates the master secret of h1. [rotate-secret host h1]"],
  },
  "the epoch is raised": {
    change: { before: withEpoch(1), after: withEpoch(2) },
    expect: ["needs approval: host h1: Rotates the master secret of h1. [rotate-secret host h1]"],
  },
  "the epoch stays": { change: { before: withEpoch(1), after: withEpoch(1) }, expect: [] },
});
