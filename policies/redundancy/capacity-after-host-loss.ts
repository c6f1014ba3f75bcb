import type {
  AccountContainerInputs,
  BareMetalHostInputs,
  PlanInputs,
} from "../../components/registry/kinds.generated.ts";
import { subject } from "../../components/registry/subject.ts";
import { defineRule, type Found } from "../../components/rule.ts";
import { count } from "../../lib/text.ts";

export const capacityAfterHostLoss = defineRule({
  name: "capacity-after-host-loss",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description:
    "After the loss of any one host, the other hosts of its group (same site and cell) have room for what is guaranteed to each of its accounts without a standby; and each standby host has room for the accounts that come to it when a host or a whole site is lost.",
  reason:
    "Without free capacity on other hosts, the accounts of a lost host stay down until it is repaired, even if there are backups.",
  fix: "Add a host (`role: spare`) to the group or move accounts to another group; for plans without this promise, set `takeover: false`. If a standby host is too small, give some of the accounts another standby.",
  *find({ hosts, accounts, plans }) {
    const planOf = new Map(plans.map((plan) => [plan.name, plan]));
    const pieces = accounts.flatMap((account) => {
      const plan = planOf.get(account.plan);
      return plan === undefined ? [] : [{ account, takeover: plan.takeover, ...guaranteed(account, plan) }];
    });
    const onHost = Map.groupBy(pieces, ({ account }) => account.host);
    const copiesOn = Map.groupBy(pieces, ({ account }) => account.standby);
    // Copies occupy disk at all times, cores and memory only when they take over.
    const room = new Map(
      hosts.map((host) => {
        const copies = copiesOn.get(host.name) ?? [];
        const copied = { cores: 0, memoryMb: 0, diskGb: sum(copies).diskGb };
        return [host.name, minus(minus(host.capacity, sum(onHost.get(host.name) ?? [])), copied)];
      }),
    );
    for (const host of hosts) yield* standbyTooSmall(host, hosts, copiesOn.get(host.name) ?? [], room.get(host.name)!);
    const groups = Map.groupBy(
      hosts.filter(({ role }) => role === "accounts" || role === "spare"),
      ({ site, cell }) => `site ${site}, cell ${cell}`,
    );
    for (const [group, members] of groups) {
      for (const host of members) {
        const moving = (onHost.get(host.name) ?? []).filter(
          ({ account, takeover }) => takeover && account.standby === undefined,
        );
        if (moving.length === 0) continue;
        const others = members.filter((other) => other !== host).map(({ name }) => room.get(name)!);
        const without = `Without host ${host.name} its group (${group})`;
        const at = subject.host(host, "capacity");
        const [needed, left] = [sum(moving), sum(others)];
        const lacking = units.filter(({ key }) => exceeds(needed[key], left[key]));
        if (lacking.length > 0) {
          const what = lacking.map(
            ({ key, unit }) =>
              `${round(needed[key])} ${unit} are guaranteed to its accounts, ${round(Math.max(0, left[key]))} are free`,
          );
          yield { subject: at, message: `${without} is too small: ${what.join("; ")}.` };
          continue;
        }
        const homeless = placeLargestFirst(moving, others);
        if (homeless === undefined) continue;
        const message = `${without} has room in total, but none of its hosts has room for account ${homeless.account.number} after the larger ones: ${homeless.reason}.`;
        yield { subject: at, message };
      }
    }
  },
});

type Piece = Amount & { readonly account: AccountContainerInputs; readonly takeover: boolean };

/** A standby host that lacks cores or memory for the accounts that come when one other host, or all hosts of one other site, are lost. */
function* standbyTooSmall(
  host: BareMetalHostInputs,
  hosts: readonly BareMetalHostInputs[],
  copies: readonly Piece[],
  room: Amount,
): Generator<Found> {
  const siteOf = new Map(hosts.map(({ name, site }) => [name, site]));
  const lost = new Map([
    ...Map.groupBy(copies, ({ account }) => `host ${account.host}`),
    ...Map.groupBy(
      copies.filter(({ account }) => siteOf.get(account.host) !== host.site),
      ({ account }) => `site ${siteOf.get(account.host)}`,
    ),
  ]);
  for (const [what, arriving] of lost) {
    const needed = sum(arriving);
    const lacking = units.filter(({ key }) => key !== "diskGb" && exceeds(needed[key], room[key]));
    if (lacking.length === 0) continue;
    const words = lacking.map(
      ({ key, unit }) => `${round(needed[key])} ${unit}, but ${round(Math.max(0, room[key]))} are free`,
    );
    yield {
      subject: subject.host(host, "capacity"),
      message: `If ${what} is lost, ${count(arriving.length, "account")} ${arriving.length === 1 ? "comes" : "come"} to standby host ${host.name}, guaranteed ${words.join("; ")}.`,
    };
  }
}

/**
 * Places accounts on hosts, the largest first, each where most disk is free: what an operator would do.
 * @returns the first account that no host has room for
 */
function placeLargestFirst(accounts: readonly Piece[], rooms: readonly Amount[]) {
  const free = rooms.map(({ cores, memoryMb, diskGb }) => ({ cores, memoryMb, diskGb }));
  const most = (key: keyof Amount) => Math.max(...free.map((room) => room[key]));
  const largest = { cores: most("cores"), memoryMb: most("memoryMb"), diskGb: most("diskGb") };
  const share = (piece: Amount) => Math.max(...units.map(({ key }) => piece[key] / (largest[key] || 1)));
  for (const piece of accounts.toSorted((a, b) => share(b) - share(a))) {
    const fitting = free.filter((room) => units.every(({ key }) => !exceeds(piece[key], room[key])));
    if (fitting.length === 0) {
      const short = units.filter(({ key }) => exceeds(piece[key], most(key)));
      const words = (short.length > 0 ? short : units).map(
        ({ key, unit }) =>
          `${round(piece[key])} ${unit}, but no host has more than ${round(Math.max(0, most(key)))} free`,
      );
      return { account: piece.account, reason: `it is guaranteed ${words.join("; ")}` };
    }
    const target = fitting.reduce((best, room) => (room.diskGb > best.diskGb ? room : best));
    for (const { key } of units) target[key] -= piece[key];
  }
  return undefined;
}

type Amount = Readonly<Record<"cores" | "memoryMb" | "diskGb", number>>;

const units = [
  { key: "cores", unit: "cores" },
  { key: "memoryMb", unit: "MiB of memory" },
  { key: "diskGb", unit: "GB of disk" },
] as const;

function guaranteed({ limits }: AccountContainerInputs, plan: PlanInputs): Amount {
  return { ...plan.guaranteed, diskGb: limits.diskGb / plan.overcommit.disk };
}

/** Room for rounding errors of sums. */
function exceeds(needed: number, there: number): boolean {
  return needed > there + 1e-9 * Math.max(1, Math.abs(there));
}

function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce(
    (total, { cores, memoryMb, diskGb }) => ({
      cores: total.cores + cores,
      memoryMb: total.memoryMb + memoryMb,
      diskGb: total.diskGb + diskGb,
    }),
    { cores: 0, memoryMb: 0, diskGb: 0 },
  );
}

function minus(total: Amount, part: Amount): Amount {
  return {
    cores: total.cores - part.cores,
    memoryMb: total.memoryMb - part.memoryMb,
    diskGb: total.diskGb - part.diskGb,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
