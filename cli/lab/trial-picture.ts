import { escaped, line, tag, textWidth, wrapped } from "../../fleet/draw/markup.ts";
import type { Outcome, Trial } from "../../lab/trial/trial.ts";
import { verdictOf } from "./prove.ts";

const style = `
text { font-family: "DejaVu Sans", Verdana, Arial, sans-serif; fill: #1f2933 }
.title { font-weight: bold } .faint { fill: #52606d }
.up rect { fill: #e3f1e4 } .down rect { fill: #3b4754 } .down text { fill: #fff }
.wrong rect { fill: #d0021b; stroke: #7a0010; stroke-width: 2 } .wrong text { fill: #fff; font-weight: bold }
`;
const size = { margin: 16, text: 12, row: 22, gap: 6, cell: 150, gaps: 90 } as const;

/** Accounts of one host to which the same happened in every cut: one column. */
interface Column {
  readonly host: string;
  readonly accounts: readonly number[];
}

/**
 * A trial as one self-contained SVG: a row for each element that was cut, a column for accounts that fared alike, and in each field whether they went down
 * and whether the proof had said so. The same input gives the same bytes.
 */
export function trialSvg(trial: Trial): string {
  const { outcomes } = trial;
  const columns = columnsOf(trial);
  const names = Math.max(120, ...outcomes.map(({ element }) => textWidth(element, size.text)));
  const xOf = (column: number) => size.margin + names + size.gap + column * (size.cell + size.gap);
  const width = Math.ceil(xOf(columns.length) + size.gaps + size.margin);
  const words = wrapped(verdictOf(trial), width - 2 * size.margin, size.text);
  const head = size.margin + (words.length + 1) * size.row;
  const yOf = (row: number) => head + size.row + size.gap + row * (size.row + 2);
  const height = yOf(outcomes.length) + size.margin;
  const text = (words: string, x: number, y: number, width: number, name: string) =>
    line(words, { x, y: y + 15, width, size: size.text, class: name });
  const fields = outcomes.flatMap((outcome, row) => [
    text(outcome.element, size.margin, yOf(row), names, "element"),
    ...columns.map((column, index) => field(outcome, column, xOf(index), yOf(row))),
    text(`${outcome.cut.longestGap} ms`, xOf(columns.length), yOf(row), size.gaps, "faint"),
  ]);
  return `${tag(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, role: "img" },
    ...[
      tag("title", {}, escaped(verdictOf(trial))),
      tag("style", {}, style),
      tag("rect", { width, height, style: "fill:#fff" }),
      ...words.map((each, index) => text(each, size.margin, size.margin + index * size.row, width, "title")),
      text("taken away", size.margin, head, names, "faint"),
      ...columns.flatMap(({ host, accounts }, index) => [
        text(host, xOf(index), head - size.row + size.gap, size.cell, "title"),
        text(`accounts ${accounts.join(", ")}`, xOf(index), head, size.cell, "faint"),
      ]),
      text("longest gap", xOf(columns.length), head, size.gaps, "faint"),
      ...fields,
    ].map((element) => `\n${element}`),
    "\n",
  )}\n`;
}

function columnsOf({ outcomes, accounts }: Trial): Column[] {
  const fates = accounts.map(({ account, host }) => {
    const fate = outcomes.map(({ down, expected }) => [down.includes(account), expected.includes(account)]);
    return { account, host, key: JSON.stringify([host, fate]) };
  });
  return [...Map.groupBy(fates, ({ key }) => key).values()].map((same) => ({
    host: same[0]!.host,
    accounts: same.map(({ account }) => account),
  }));
}

function field({ element, down, expected }: Outcome, { accounts }: Column, x: number, y: number): string {
  const [seen, said] = [down, expected].map((numbers) => (numbers.includes(accounts[0]!) ? "down" : "up")) as [
    "down" | "up",
    "down" | "up",
  ];
  return tag(
    "g",
    { class: seen === said ? seen : "wrong", "data-element": element },
    tag("rect", { x, y, width: size.cell, height: size.row, rx: 3 }),
    line(seen === said ? `${seen}, as proven` : `${seen}, proof: ${said}`, {
      ...{ x: x + size.gap, y: y + 15, width: size.cell - size.gap, size: size.text, class: "field" },
    }),
  );
}
