import { choir, engraver, network } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

const python = "command: [/usr/bin/python3, members.py]";

/** Violations of the rules about HTTP servers. */
export const seeds: Readonly<Record<string, Seed>> = {
  "a path of another account's host name": {
    rules: ["names-of-one-account"],
    edit: (draft) =>
      draft.edit(engraver, "kind: static", "kind: static\n    addresses: [members.choir.example.org/cards]"),
  },
  "a name below the platform's domain that another account has": {
    rules: ["names-of-one-account"],
    edit: (draft) =>
      draft
        .append(network, "platformDomain: hosted.example\n")
        .edit(engraver, "[engraver.example.org]", "[engravings.hosted.example]"),
  },
  "a password on a redirect": {
    rules: ["web-site-served"],
    edit: (draft) =>
      draft.edit(engraver, "kind: static", "kind: redirect\n    to: https://www.example.org\n    bodyMaxMb: 8"),
  },
  "more threads than the account may have tasks": {
    rules: ["server-within-tasks"],
    edit: (draft) =>
      draft.edit(engraver, "kind: static", "kind: python\n    application: shop:app\n    workers: 16\n    threads: 16"),
  },
  "a program that administers the host": {
    rules: ["no-host-administration"],
    edit: (draft) => draft.edit(choir, python, "command: [/usr/bin/sudo, /usr/bin/python3, members.py]"),
  },
  "more variables than systemd loads": {
    rules: ["commands-fit-units"],
    edit: (draft) =>
      draft.append(
        choir,
        `    environment:\n${Array.from({ length: 300 }, (_, index) => `      V${index}: ${"x".repeat(4000)}\n`).join("")}`,
      ),
  },
  "a program of the system's": {
    rules: ["no-host-administration"],
    edit: (draft) => draft.edit(choir, python, "command: [/usr/sbin/sshd, -D]"),
  },
  "a program outside the home": {
    rules: ["no-host-administration"],
    edit: (draft) => draft.edit(choir, python, "command: [../1001/home/serve]"),
  },
  "a program of another account": {
    rules: ["no-host-administration"],
    edit: (draft) => draft.edit(choir, python, "command: [/srv/accounts/1001/home/serve]"),
  },
};
