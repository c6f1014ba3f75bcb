import { defaultLimits } from "../../components/review/limits.file.ts";
import { hostFixture } from "../../testing/fixtures/fixture.ts";
import { between, step, testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed, changedOwn } from "../../testing/test-rule.ts";
import { dataKept } from "./data-kept.ts";

const unprotected = { ...valid, accounts: valid.accounts.map((account) => ({ ...account, protect: false })) };

/** The fixture without these accounts and what belongs to them; their numbers stay taken. */
function without(declaration: typeof valid, ...numbers: readonly number[]): typeof valid {
  return {
    ...changedOwn(declaration, (element) => (numbers.includes(element.account) ? undefined : element)),
    accounts: declaration.accounts.filter(({ number }) => !numbers.includes(number)),
    registers: declaration.registers.map((register) => ({
      ...register,
      tombstones: [...register.tombstones, ...numbers],
    })),
  };
}

const withSpare = { ...valid, hosts: [...valid.hosts, hostFixture(3, { role: "spare" })] };

testGuardRule(dataKept, {
  "an account": {
    change: between(unprotected, without(unprotected, 1)),
    expect: ["needs approval: account 1: Deletes account 1 (acme-1), with up to 10 GB of data. [delete account 1]"],
    alsoFound: ["policies-hold"],
  },
  "a protected account": {
    change: to(without(valid, 1)),
    expect: ["blocked: account 1: Account 1 (acme-1) is protected and would be deleted."],
  },
  "more accounts than limits.yaml allows": {
    change: { ...between(unprotected, without(unprotected, 1, 2)), limits: { ...defaultLimits, deletions: 1 } },
    expect: [
      "blocked: account 1: 2 accounts are deleted at once; limits.yaml allows 1.",
      "needs approval: account 1: Deletes account 1 (acme-1), with up to 10 GB of data. [delete account 1]",
      "needs approval: account 2: Deletes account 2 (acme-2), with up to 10 GB of data. [delete account 2]",
    ],
    // With its last database a host no longer runs the server.
    alsoFound: ["nothing-opened", "policies-hold"],
  },
  "a host without accounts": {
    change: between(withSpare, valid),
    expect: ["needs approval: host h3: Deletes host h3. [delete host h3]"],
    alsoFound: ["nothing-opened"],
  },
  "a host that is only called otherwise": {
    change: between(
      withSpare,
      changed(withSpare, "hosts", "h3", (host) => ({ ...host, name: "h9" })),
    ),
    expect: [
      "blocked: host h3: Renames host h3 to h9: Pulumi will delete the old host and create a new one, and 0 accounts will be down. Keep the name.",
    ],
    alsoFound: ["nothing-opened", "trust-approved"],
  },
  "a device": {
    change: to({ ...valid, switches: valid.switches.slice(0, 1) }),
    expect: ["needs approval: switch sw2: Deletes switch sw2. [delete switch sw2]"],
    alsoFound: ["policies-hold"],
  },
  "a delivery, although its host stays: only the engine shows it": {
    change: { engine: [step({ type: "fairhost:remote:HostDelivery", name: "h1-delivery", host: "h1" })] },
    expect: [
      "needs approval: host h1: Deletes h1-delivery of the delivery to h1: all units of its accounts stop. [delete delivery h1]",
    ],
  },
  "its bootstrap command alone": {
    change: { engine: [step({ name: "h1-bootstrap", host: "h1" })] },
    expect: [
      "needs approval: host h1: Deletes h1-bootstrap of the delivery to h1: the applier is no longer kept up to date. [delete delivery h1]",
    ],
  },
  "a host with all that delivers to it: one question": {
    change: {
      ...between(withSpare, valid),
      engine: ["h3-apply", "h3-bootstrap"].map((name) => step({ name, host: "h3" })),
    },
    expect: ["needs approval: host h3: Deletes host h3. [delete host h3]"],
    alsoFound: ["nothing-opened"],
  },
  "an HTTP server, whose files stay": {
    change: to({ ...valid, httpServers: valid.httpServers.slice(1) }),
    expect: [],
  },
});
