import type { Fleet } from "../../../components/registry/files.generated.ts";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import type { Approval } from "../../../components/review/approvals.file.ts";
import type { Review, ReviewInput } from "../../verdict/review.ts";
import type { Program } from "../base/program.ts";

/** The second of two steps: the change that is judged. */
export interface Step extends Pick<ReviewInput, "before" | "after" | "approvals" | "limits" | "today"> {
  readonly approvalsBefore: readonly Approval[];
  readonly fleetBefore: Fleet | undefined;
  readonly fleet: Fleet;
  /** Both sides with every cell. */
  readonly wholes: { readonly before: Declaration; readonly after: Declaration };
  /** Before approvals. */
  readonly result: Review;
  /** Directory of the new side's fleet. */
  readonly head: string;
  /** The base's. */
  readonly program: Program;
}

/** A finding that earlier commits add to those of the change. */
export type Found = NonNullable<ReviewInput["also"]>[number];

/** Earlier states that are compared: the newest before commits of the files that change, and as many of what the fleet shares. */
export const most = 6;

/** A finding, with the commit before which it would not have been one. @param commit in words */
export function said(finding: Found, commit: string): Found {
  return { ...finding, message: `${finding.message.replace(/\.$/, "")}: not before ${commit}.` };
}
