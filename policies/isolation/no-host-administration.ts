import { defineRule, subject } from "../../components/rule.ts";

/** Where an account's own programs and the distribution's ordinary ones are; `/usr/sbin` holds what administers the host. */
const allowed = ["/usr/bin/", "/usr/lib/", "/usr/libexec/", "/usr/local/bin/", "/usr/share/", "/home/"];

/** Programs in /usr/bin that change rights, name spaces, mounts or services; none of them serves HTTP. */
const refused = new Set(
  `busctl chroot chrt doas fusermount fusermount3 gpasswd hostnamectl ionice ip loginctl machinectl mount networkctl newgidmap
   newgrp newuidmap nsenter passwd pkexec prlimit run0 setpriv su sudo systemctl systemd-nspawn systemd-run umount unshare`.split(
    /\s+/,
  ),
);

export const noHostAdministration = defineRule({
  name: "no-host-administration",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  description:
    "Every program of an HTTP server lies in the account's home, or in /usr and is none that administers the host; commands and environment are single lines.",
  reason:
    "Administration programs are where accounts climb out of their sandbox, and a line break would add directives to the unit.",
  remediation:
    "Name a program of the account (`bin/serve`) or an ordinary one (`/usr/bin/python3`), one argument an item.",
  *find({ httpServers }) {
    for (const server of httpServers) {
      if (server.kind !== "program") continue;
      const name = `HTTP server ${server.account}/${server.name}`;
      const wrong = judgeProgram(server.command[0]);
      if (wrong) yield { subject: subject.httpServer(server, "command.0"), message: `${name} ${wrong}.` };
      // The values are not shown: an environment may hold what its owner thinks of as secret.
      for (const [index, word] of server.command.entries()) {
        if (!/\p{Cc}/u.test(word)) continue;
        yield {
          subject: subject.httpServer(server, `command.${index}`),
          message: `${name} has a control character in word ${index} of its command.`,
        };
      }
      for (const [key, value] of Object.entries(server.environment)) {
        if (/^[A-Z][A-Z0-9_]*$/.test(key) && !/\p{Cc}/u.test(value)) continue;
        yield {
          subject: subject.httpServer(server, `environment.${key}`),
          message: `${name} has an environment variable ${JSON.stringify(key)} whose name or value cannot stand on one line of a unit.`,
        };
      }
    }
  },
});

function judgeProgram(program: string | undefined): string | undefined {
  if (!program) return "has no program to start";
  const shown = JSON.stringify(program);
  if (program.split("/").includes("..")) return `starts ${shown}, a path with .. in it`;
  if (program.startsWith("/") && !allowed.some((directory) => program.startsWith(directory))) {
    return `starts ${shown}, which is neither in the account's home nor an ordinary program`;
  }
  const base = program.slice(program.lastIndexOf("/") + 1);
  if (program.startsWith("/usr/") && refused.has(base)) return `starts ${shown}, which administers the host`;
  return undefined;
}
