/** An error a person can act on: what is wrong, and how to mend it. The command prints both and exits with 1. */
export class LabError extends Error {
  readonly mend: string;

  constructor(what: string, mend: string) {
    super(`${what}\n  mend: ${mend}`);
    this.name = "LabError";
    this.mend = mend;
  }
}

/** Refuses to go on without root: namespaces, taps and images with many owners need it. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) {
    throw new LabError(
      "the lab needs root: it makes network namespaces, taps and disk images with many owners",
      "run it as root, for example `sudo -E npm run lab -- up`",
    );
  }
}
