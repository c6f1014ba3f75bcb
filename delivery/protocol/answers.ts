import { createHmac, hkdfSync } from "node:crypto";

/** Directory of a backup host with what it says to each host: a file called as the host. The user as which hosts ask can read it. */
export const answersDirectory = "/var/lib/fairhost/answers";

/** What the controller adds to an answer (docs/decisions/0069): answers to one host have an order, and that a host is lost is signed. */
export interface AnswerStamp {
  /** Rises with each answer that says something else to this host. */
  readonly number: number;
  /** Epoch of the master secret that has signed it. Absent, as the signature, if the host is not lost. */
  readonly epoch?: number;
  /** {@link signAnswer} */
  readonly signature?: string;
}

/**
 * Signs an answer with what only the controller and the asking host know: HMAC-SHA256, in base64, of its number and text, by a key that is the
 * HKDF-SHA256 of the host's master secret, info `fairhost/answer/<epoch>`.
 * @param text one line, a `HostAnswer` as JSON (delivery/protocol/backups.ts)
 */
export function signAnswer(master: Uint8Array, epoch: number, number: number, text: string): string {
  const key = hkdfSync("sha256", master, new Uint8Array(), `fairhost/answer/${epoch}`, 32);
  return createHmac("sha256", Buffer.from(key)).update(`${number} ${text}`).digest("base64");
}
