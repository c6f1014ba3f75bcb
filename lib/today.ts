/** The clock's day (UTC, ISO 8601). Only for the edges: the program, the pack, a command. What judges is told the day. */
export function utcToday(): string {
  return new Date().toISOString().slice(0, 10);
}
