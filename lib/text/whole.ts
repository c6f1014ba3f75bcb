import { once } from "../once.ts";

/** A pattern that a text must fit as a whole. */
export const whole = once((pattern: RegExp) => new RegExp(`^(?:${pattern.source})$`, pattern.flags));
