import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Subject } from "../../components/registry/subject.ts";
import type { Problem } from "../../fleet/load/problem.ts";
import type { Side } from "../change/side.ts";
import type { Review } from "./review.ts";

/** File and line of something, for example `inventory/prod/hosts/web1.yaml:12`; `undefined` for what stands in no file. */
export type Where = (subject: Subject) => string | undefined;

interface Common {
  /** Directory of the fleet, as it was named: `inventory/prod`. */
  readonly inventory: string;
  readonly cell: string | undefined;
  /** What the new side is compared with, as a person named it. */
  readonly base: string;
  /** ISO 8601. */
  readonly today: string;
  /** What a reader has to know about the review itself, one sentence each. */
  readonly notices: readonly string[];
}

/** Both sides could be read, and the change was judged. */
export interface Reviewed extends Common {
  readonly kind: "reviewed";
  readonly review: Review;
  readonly before: Side;
  readonly after: Side;
  /** The new side's whole fleet, whatever cell is looked at: half a fleet proves nothing. */
  readonly fleet: Declaration;
  readonly where: Where;
}

/** The new inventory is not sound, so there is nothing to compare: blocked, with what is wrong in its files. */
export interface Unsound extends Common {
  readonly kind: "unsound";
  readonly problems: readonly Problem[];
}

/** What the guard found. That it could find nothing is an error, not an outcome. */
export type Outcome = Reviewed | Unsound;
