import { servers } from "../kinds/servers.generated.ts";

const wakes = Object.values(servers).flatMap(({ wake }) => (wake === "front end" ? [] : wake));

/** MiB that a host must have free for a start: what the largest kind of server takes and a tenth, in steps of 8. */
export const memoryOfStart = Math.ceil((1.1 * Math.max(...wakes.map(({ memoryMb }) => memoryMb))) / 8) * 8;
