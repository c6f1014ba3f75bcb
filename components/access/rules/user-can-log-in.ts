import { ownerOf, subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { byPassword } from "../protocols.ts";

const words = byPassword.map(([, name]) => name).join(" and ");

export const userCanLogIn = defineRule({
  name: "user-can-log-in",
  theme: "isolation",
  severity: "medium",
  scope: "stack",
  description: `Every user has a key or a password to log in with, and for ${words} a password and HTTPS.`,
  reason: "Without one nobody can log in as this user, and nothing but a log on the host would say so.",
  fix: `Give the user a key in \`keys\` or a \`passwordHash\`, or remove it. For ${words}: a \`passwordHash\`, and \`certificates\` in network.yaml.`,
  *find({ users, networks }) {
    for (const user of users) {
      for (const [protocol, name] of byPassword) {
        if (!user.protocols.includes(protocol)) continue;
        const at = subject.user(user, "protocols");
        if (user.passwordHash === undefined)
          yield { subject: at, message: `${ownerOf(subject.user(user))} has ${name}, but no password for it.` };
        if (networks.some(({ certificates }) => certificates === undefined))
          yield { subject: at, message: `${ownerOf(subject.user(user))} has ${name}, but front ends have no HTTPS.` };
      }
      if (user.keys.length > 0 || user.passwordHash !== undefined) continue;
      const at = subject.user(user, "keys");
      yield { subject: at, message: `${ownerOf(subject.user(user))} has neither a key nor a password.` };
    }
  },
});
