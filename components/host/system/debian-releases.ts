/** One Debian release. Source of the dates: https://www.debian.org/releases/ and https://wiki.debian.org/LTS. */
export interface DebianRelease {
  readonly codeName: string;
  readonly version: number;
  /** Last day of support by Debian's security team, ISO 8601. */
  readonly endOfLife: string;
  /** Whether hosts may run it. */
  readonly supported: boolean;
}

/** The known releases, oldest first. `supported` decides what a host may run, not the clock of this machine. */
export const debianReleases: readonly DebianRelease[] = [
  { codeName: "bullseye", version: 11, endOfLife: "2024-08-14", supported: false },
  { codeName: "bookworm", version: 12, endOfLife: "2026-06-10", supported: false },
  { codeName: "trixie", version: 13, endOfLife: "2028-08-09", supported: true },
];
