import { debianReleases } from "../../components/host/debian-releases.ts";
import { subject } from "../../components/registry/subject.ts";
import type { GuardRule } from "./guard-rule.ts";

/** A major release is a planned change, in one direction. */
export const releasesForward: GuardRule = {
  name: "releases-forward",
  description: "A host goes to a newer Debian release only with approval, and never back.",
  reason: "Debian supports no way back: what the newer release has written the older one cannot read.",
  remediation: "Plan the upgrade and approve it; to go back, install the host anew under another name.",
  *find({ changes }) {
    const version = (release: string) => debianReleases.find(({ codeName }) => codeName === release)?.version ?? 0;
    for (const { op, before, after } of changes.hosts) {
      if (op !== "update" || !before || !after || before.release === after.release) continue;
      const back = version(after.release) < version(before.release);
      yield {
        subject: subject.host(after, "release"),
        message: `Host ${after.name} goes from Debian ${before.release} ${back ? "back " : ""}to ${after.release}.`,
        ...(!back && { approval: { action: "upgrade", resource: `host ${after.name}` } as const }),
      };
    }
  },
};
