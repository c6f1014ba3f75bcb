/**
 * Text of a regular expression for the decimal numbers that are larger than this one, without zeros before them: for programs that
 * compare texts alone. To be used with anchors on both sides.
 */
export function moreThan(number: number): string {
  const digits = [...String(number)].map(Number);
  const longer = `[1-9][0-9]{${digits.length},}`;
  const same = digits.flatMap((digit, at) => {
    if (digit === 9) return [];
    const rest = digits.length - at - 1;
    return [`${digits.slice(0, at).join("")}[${digit + 1}-9]${rest === 0 ? "" : `[0-9]{${rest}}`}`];
  });
  return `(?:${[longer, ...same].join("|")})`;
}
