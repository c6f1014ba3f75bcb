import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { usualProofDays } from "../../delivery/protocol/proofs.ts";
import { size } from "../../fleet/draw/layout.ts";
import { escaped, line, tag, wrapped } from "../../fleet/draw/markup.ts";
import { count } from "../../lib/text/text.ts";
import { allowedAge, type Recovery } from "./recovery.ts";

const style = `
text { font-family: "DejaVu Sans", Verdana, Arial, sans-serif; fill: #1f2933 }
.title { font-weight: bold } .faint { fill: #52606d } .bad { fill: #b00020 }
rect { fill: #e4e7eb } rect.page { fill: #fff } .host > rect.frame { fill: #f7f9fb; stroke: #9aa5b1 }
rect.good { fill: #4c9f70 } rect.soon { fill: #e0a100 } rect.late { fill: #d0021b } rect.waits { fill: #c5cfda } rect.restored { fill: #1d5fa8 }
`;

/** Columns of the picture, in px: where each begins, and how wide it is. */
const columns = {
  account: { x: 16, width: 190 },
  backup: { x: 206, width: 150 },
  proof: { x: 376, width: 150 },
  to: { x: 546, width: 110 },
  back: { x: 666, width: 240 },
  problems: { x: 926, width: 460 },
} as const;
const titles: Readonly<Record<keyof typeof columns, string>> = {
  account: "account",
  backup: "newest backup",
  proof: "last proof",
  to: "goes to",
  back: "restored, after the loss of its host",
  problems: "problems",
};
const width = columns.problems.x + columns.problems.width + size.margin;
const row = 18;

/** Of a bar that says how old something is beside what is promised. */
const [bar, height] = [70, 8];

/** Part of its time after which a proof is said to end soon (host/inspect/checks/proofs.ts). */
const announced = 0.75;

/** Seconds in words, the two largest units: `3 d 4 h`. */
export function duration(seconds: number): string {
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ] as const;
  const at = units.findIndex(([, unit]) => seconds >= unit);
  if (at === -1) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`;
  let rest = Math.floor(seconds);
  const words = units.slice(at, at + 2).flatMap(([name, unit]) => {
    const number = Math.floor(rest / unit);
    rest %= unit;
    return number === 0 ? [] : [`${number} ${name}`];
  });
  return words.join(" ");
}

/**
 * How each account would come back if its host were lost now, as one self-contained SVG: a frame for each host, a row for each of its accounts. Bars say how old its backup and its proof
 * are beside what its plan allows, and when its restore would begin and end. The same input gives the same bytes.
 * @param now milliseconds
 */
export function recoverySvg(declaration: Declaration, rows: readonly Recovery[], now: number): string {
  const longest = Math.max(1, ...rows.map(({ backAfter }) => backAfter ?? 0));
  const drawn: string[] = [];
  const heading = wrapped(caption(rows, now), width - 2 * size.margin, size.text);
  let y: number = size.margin;
  heading.forEach((text) => {
    y += size.label;
    drawn.push(line(text, { x: size.margin, y, width: width - 2 * size.margin, size: size.text, class: "title" }));
  });
  y += size.gap;
  const hosts = [...Map.groupBy(rows, ({ host }) => host)].sort(([left], [right]) => (left < right ? -1 : 1));
  for (const [host, accounts] of hosts) {
    const frame = { x: size.gap, y, width: width - 2 * size.gap, height: 3 * row + accounts.length * row + size.gap };
    const place = declaration.hosts.find(({ name }) => name === host);
    const where = place ? ` (${place.site}, rack ${place.rack})` : "";
    const inside = { x: size.margin, width: width - 2 * size.margin };
    const heads = Object.entries(columns).map(([name, at]) =>
      line(titles[name as keyof typeof columns], { ...at, y: y + 2.6 * row, size: size.small, class: "faint" }),
    );
    drawn.push(
      tag(
        "g",
        { class: "host", "data-element": `host ${host}` },
        tag("rect", { ...frame, rx: 4, class: "frame" }),
        line(`${host}${where}`, { ...inside, y: y + row - 3, size: size.text, class: "title" }),
        line(ifLost(accounts, now), { ...inside, y: y + 1.7 * row, size: size.small, class: "faint" }),
        ...heads,
        ...accounts.map((each, index) => drawnAccount(declaration, each, { y: y + (3 + index) * row, now, longest })),
      ),
    );
    y += frame.height + size.gap;
  }
  return `${tag(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height: y + size.gap,
      viewBox: `0 0 ${width} ${y + size.gap}`,
      role: "img",
    },
    ...[
      tag("title", {}, escaped(heading.join(" "))),
      tag("style", {}, style),
      tag("rect", { width, height: y + size.gap, class: "page" }),
      ...drawn,
    ].map((element) => `\n${element}`),
    "\n",
  )}\n`;
}

/** The sentence above all. */
function caption(rows: readonly Recovery[], now: number): string {
  const wrong = rows.filter(({ problems }) => problems.length > 0).length;
  const hosts = new Set(rows.map(({ host }) => host)).size;
  const state = wrong === 0 ? "all of them proven" : `${count(wrong, "account")} with problems`;
  return `${count(rows.length, "account")} on ${count(hosts, "host")}, ${state}, as seen ${new Date(now).toISOString().slice(0, 16)}Z`;
}

/** What the loss of a host would mean, without the times of the declaration and of the deploy. */
function ifLost(accounts: readonly Recovery[], now: number): string {
  const ages = accounts.map(({ backup }) => (backup === undefined ? undefined : now - Date.parse(backup)));
  const oldest = ages.includes(undefined) ? undefined : Math.max(...(ages as number[]));
  const lost =
    oldest === undefined
      ? `${count(ages.filter((age) => age === undefined).length, "account")} without a backup`
      : `at most ${duration(oldest / 1000)} of changes lost`;
  const targets = [...Map.groupBy(accounts, ({ to }) => ("host" in to ? to.host : "nowhere"))].map(
    ([name, those]) => `${those.length} to ${name}`,
  );
  const unknown = accounts.some(({ backAfter }) => backAfter === undefined);
  const back = unknown
    ? "until all are back: unknown"
    : `all are back ${duration(Math.max(...accounts.map(({ backAfter }) => backAfter!)))} after the restores begin`;
  return `${count(accounts.length, "account")}. If it is lost now: ${targets.join(", ")}; ${lost}; ${back}`;
}

interface At {
  readonly y: number;
  readonly now: number;
  /** Seconds at the right end of the last bar, the same for all rows. */
  readonly longest: number;
}

function drawnAccount({ accounts, plans }: Declaration, recovery: Recovery, { y, now, longest }: At): string {
  const { account, name, backup, proof, seconds, backAfter, to, problems } = recovery;
  const declared = accounts.find(({ number }) => number === account);
  const backupAllowed = allowedAge(declared ?? { plan: "" }, plans);
  const proofAllowed = (declared?.backup?.proofDays ?? usualProofDays) * 86_400;
  const base = y + size.text;
  const { x } = columns.back;
  const begin = backAfter === undefined || seconds === undefined ? undefined : (backAfter - seconds) / longest;
  const room = 150;
  const back =
    begin === undefined
      ? [cell("back", "unknown", base, "bad")]
      : [
          tag("rect", { x, y: y + 4, width: round(begin * room), height, class: "waits" }),
          tag("rect", {
            ...{ x: round(x + begin * room), y: y + 4, height, class: "restored" },
            width: Math.max(1, round((seconds! / longest) * room)),
          }),
          line(duration(backAfter!), { x: x + room + 6, y: base, width: 84, size: size.small, class: "faint" }),
        ];
  return tag(
    "g",
    { class: "account", "data-element": `account ${account}` },
    cell("account", `${account} (${name})`, base),
    ...aged("backup", backup, { y, now, allowed: backupAllowed, soon: 1 }),
    ...aged("proof", proof, { y, now, allowed: proofAllowed, soon: announced }),
    "host" in to ? cell("to", to.host, base) : cell("to", "nowhere", base, "bad"),
    ...back,
    ...(problems.length === 0 ? [] : [cell("problems", problems.join("; "), base, "bad")]),
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;

function cell(column: keyof typeof columns, text: string, y: number, kind = "faint"): string {
  return line(text, { ...columns[column], y, size: size.small, class: kind });
}

/** A bar that is full when a thing is as old as it may be, and its age. */
function aged(
  column: "backup" | "proof",
  time: string | undefined,
  {
    y,
    now,
    allowed,
    soon,
  }: { readonly y: number; readonly now: number; readonly allowed: number; readonly soon: number },
): string[] {
  const { x } = columns[column];
  const age = time === undefined ? undefined : Math.max(0, (now - Date.parse(time)) / 1000);
  const part = age === undefined ? 1 : age / allowed;
  const kind = part > 1 || age === undefined ? "late" : part > soon ? "soon" : "good";
  const filled = Math.max(1, round(Math.min(1, part) * bar));
  return [
    tag("rect", { x, y: y + 4, width: bar, height }),
    tag("rect", { x, y: y + 4, width: filled, height, class: kind }),
    line(age === undefined ? "never" : duration(age), {
      ...{ x: x + bar + 6, y: y + size.text, width: columns[column].width - bar - 6, size: size.small },
      class: kind === "late" ? "bad" : "faint",
    }),
  ];
}
