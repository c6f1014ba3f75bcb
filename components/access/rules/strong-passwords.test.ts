import { changed, testRule } from "../../../testing/test-rule.ts";
import { strongPasswords } from "./strong-passwords.ts";

const salt = "F5Jx5fExrKuPp53xLKQ..1";
const digest = "a".repeat(43);

const broken = {
  "a plain password": "hunter2-hunter2",
  "a hash of SHA-512": `$6$${salt.slice(0, 16)}$${"a".repeat(86)}`,
  "a yescrypt hash that is guessed too fast": `$y$j7T$${salt}$${digest}`,
  "a yescrypt hash that takes 1 GiB a try": `$y$jFT$${salt}$${digest}`,
  "a yescrypt hash with a short salt": `$y$j9T$${salt.slice(0, 8)}$${digest}`,
  "a hash with a second line": `$y$j9T$${salt}$${digest}\nroot:x`,
};

testRule(strongPasswords, {
  ...Object.fromEntries(
    Object.entries(broken).map(([what, passwordHash]) => [
      what,
      {
        break: (valid: Parameters<typeof changed>[0]) =>
          changed(valid, "users", "1/deploy", (user) => ({ ...user, passwordHash })),
        expect: [
          "user 1/deploy passwordHash: The password hash of user 1/deploy is not a yescrypt hash of cost 5 to 7.",
        ],
      },
    ]),
  ),
});
