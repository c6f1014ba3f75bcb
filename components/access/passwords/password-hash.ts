import { meaning } from "../../inputs.ts";
import { format, lineSchema } from "../../schema.ts";

/**
 * A yescrypt hash as crypt(5) writes it: `$y$`, parameters, salt of 20 to 86 characters, 43 characters. Of the parameters those of cost 5 (Debian's
 * default, 16 MiB and about 30 ms a try) to 7 (64 MiB): less is guessed too fast, more would let logins use up the account's memory.
 */
export const yescrypt = /\$y\$j[9AB]T\$[./0-9A-Za-z]{20,86}\$[./0-9A-Za-z]{43}/;

/** What an inventory may have of a password. Messages never show the value: it may be the password itself. */
export const passwordHashSchema = meaning(
  format(
    "a yescrypt hash of cost 5 to 7, such as `npm run password` prints",
    () =>
      lineSchema.regex(new RegExp(`^${yescrypt.source}$`), {
        error: "must be a yescrypt hash of cost 5 to 7, such as `npm run password` prints",
      }),
    "a password hash",
  ),
  "secret",
);
