import { descriptors } from "./connections.ts";

/**
 * The least speed of a request's body, whatever server it goes to (decision 91): the front end gives up one that comes with less than `rate` bytes
 * a second from `seconds` on. Time counts in which something came; of silence nginx's client_body_timeout takes care, and time in which the server
 * takes nothing is not the visitor's. Steady traffic resets nothing: each body has its own time from its first byte.
 */
export const slowestBody = { seconds: 30, rate: 4096 } as const;

/** What body-speeds.lua is started with. */
export const bodySpeedLimits = `{ seconds = ${slowestBody.seconds}, rate = ${slowestBody.rate}, sockets = ${descriptors.frontEnd} }`;
