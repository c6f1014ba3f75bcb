import { defaultLimits } from "../../components/review/limits.file.ts";
import { hostFixture } from "../../testing/fixtures/fixture.ts";
import { accountMoved } from "../../testing/fixtures/wave-fixture.ts";
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

const wish = { id: "shop-1", snapshot: "2026-11-28", what: ["files www/A b", "database shop"] };
const asking = (restore: typeof wish, of = valid) => changed(of, "accounts", 0, (account) => ({ ...account, restore }));

testGuardRule(dataKept, {
  "a restore": {
    change: to(asking({ ...wish, what: ["all"] })),
    expect: [
      "needs approval: account 1 restore: Restore shop-1 puts all files and databases from the backup of 2026-11-28 in the place of what account 1 (acme-1) has on h1 now: all that it has written there since is lost, but for a copy that h1 keeps for 7 days. [restore account 1:shop-1:2026-11-28:all]",
    ],
  },
  "a restore of a path that is no name": {
    change: to(asking(wish)),
    expect: [
      "needs approval: account 1 restore: Restore shop-1 puts www/A b in the home, database shop from the backup of 2026-11-28 in the place of what account 1 (acme-1) has on h1 now: all that it has written there since is lost, but for a copy that h1 keeps for 7 days. [restore account 1:shop-1:2026-11-28:13f8d2d0088278aec376a9f76ffe4dd3]",
    ],
  },
  "what a restore replaced": {
    change: between(asking(wish), asking({ id: "shop-2", snapshot: "before shop-1", what: ["all"] })),
    expect: [
      "needs approval: account 1 restore: Restore shop-2 puts what restore shop-1 replaced in the place of what account 1 (acme-1) has on h1 now: all that it has written there since is lost, but for a copy that h1 keeps for 7 days. [restore account 1:shop-2:before-shop-1:all]",
    ],
  },
  "another restore under the same id": {
    change: between(asking(wish), asking({ ...wish, snapshot: "2026-11-27" })),
    expect: [
      "blocked: account 1 restore: Changes restore shop-1 of account 1 (acme-1) without a new id, so h1 would do nothing: give it a new id.",
    ],
  },
  "a restore of an account that moves": {
    change: to(asking(wish, accountMoved())),
    expect: [
      "blocked: account 1 restore: Asks for restore shop-1 of account 1 (acme-1) while it moves from h1 to h2, so no host would do it: deploy the move first.",
    ],
    alsoFound: ["moves-planned"],
  },
  "a restore of a new account": {
    change: between(without(unprotected, 1), asking(wish, unprotected)),
    expect: [
      "blocked: account 1 restore: Account 1 (acme-1) is new on h1 and asks for restore shop-1, which no host would do: remove `restore`, deploy, then add it with a new id.",
    ],
    alsoFound: ["identity-kept", "policies-hold"],
  },
  "the end of a wish": { change: between(asking(wish), valid), expect: [] },
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
