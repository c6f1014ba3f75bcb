import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Subject } from "../../components/registry/subject.ts";
import type { Problem } from "../../fleet/load/problem.ts";
import type { Side } from "../change/side.ts";
import type { Review } from "./review.ts";

/** File and line of something, for example `inventory/prod/hosts/web1.yaml:12`; `undefined` for a subject that is in no file. */
export type Where = (subject: Subject) => string | undefined;

interface Common {
  /** Directory of the fleet as given: `inventory/prod`. */
  readonly inventory: string;
  readonly cell: string | undefined;
  /** What the new side is compared with, as given. */
  readonly base: string;
  /** ISO 8601. */
  readonly today: string;
  /** Remarks about the review itself, one sentence each. */
  readonly notices: readonly string[];
}

/** Both sides could be read, and the change was judged. */
export interface Reviewed extends Common {
  readonly kind: "reviewed";
  readonly review: Review;
  readonly before: Side;
  readonly after: Side;
  /** The new side's whole fleet, even if only one cell is reviewed: the N-1 proof needs all of it. */
  readonly fleet: Declaration;
  readonly where: Where;
}

/** The new inventory has problems, so nothing can be compared: blocked, with these problems. */
export interface Unsound extends Common {
  readonly kind: "unsound";
  readonly problems: readonly Problem[];
}

/** Result of a review. A review that could not be made throws an error instead. */
export type Outcome = Reviewed | Unsound;
