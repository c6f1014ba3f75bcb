/** Today's date by the clock (UTC, ISO 8601). Only for entry points: the program, the pack, a command. Rules get the date as an argument. */
export function utcToday(): string {
  return new Date().toISOString().slice(0, 10);
}
