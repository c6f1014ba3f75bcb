import { UserError } from "../lib/user-error.ts";

/** The toolchain cannot be set up or used. */
export class ToolchainError extends UserError {}
