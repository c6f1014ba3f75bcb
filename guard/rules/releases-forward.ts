import { debianReleases } from "../../components/host/system/debian-releases.ts";
import { subject } from "../../components/registry/subject.ts";
import type { GuardRule } from "../rule.ts";

/** A major release is a planned change, and only upwards. */
export const releasesForward: GuardRule = {
  name: "releases-forward",
  theme: "data",
  description: "A host is upgraded to a newer Debian release only with approval, and never downgraded.",
  reason: "Debian does not support downgrades: the older release cannot read what the newer one has written.",
  fix: "Plan the upgrade and approve it. To go back, reinstall the host under another name.",
  *find({ changes }) {
    const version = (release: string) => debianReleases.find(({ codeName }) => codeName === release)?.version ?? 0;
    for (const { op, before, after } of changes.hosts) {
      if (op !== "update" || !before || !after || before.release === after.release) continue;
      const back = version(after.release) < version(before.release);
      yield {
        subject: subject.host(after, "release"),
        message: `${back ? "Downgrades" : "Upgrades"} host ${after.name} from Debian ${before.release} to ${after.release}.`,
        ...(!back && { approval: { action: "upgrade", resource: `host ${after.name}` } as const }),
      };
    }
  },
};
