/** A range on a line, from `from` to `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Gives every span a lane in which it overlaps no other span; greedy, with as few lanes as possible. Spans closer than `gap`
 * count as overlapping.
 */
export function assignLanes<T extends Span>(
  spans: readonly T[],
  gap: number,
): { lanes: Map<T, number>; count: number } {
  const ends: number[] = [];
  const lanes = new Map<T, number>();
  for (const span of spans.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    const free = ends.findIndex((end) => end + gap <= span.from);
    const lane = free === -1 ? ends.length : free;
    ends[lane] = span.to;
    lanes.set(span, lane);
  }
  return { lanes, count: ends.length };
}
