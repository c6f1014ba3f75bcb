import { UserError } from "../lib/user-error.ts";

/** An error of the lab: what is wrong, and how to fix it. */
export class LabError extends UserError {
  constructor(what: string, fix: string) {
    super(`${what}\n  fix: ${fix}`);
  }
}

/** Throws without root: namespaces, taps and images with many owners need it. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) {
    throw new LabError(
      "the lab needs root: it makes network namespaces, taps and disk images with many owners",
      "run it as root, for example `sudo -E npm run lab -- up`",
    );
  }
}
