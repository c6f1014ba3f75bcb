import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { debianReleases } from "../system/debian-releases.ts";

const byCodeName = new Map(debianReleases.map((release) => [release.codeName, release]));
const supported = debianReleases.filter((release) => release.supported).map((release) => release.codeName);

export const debianReleaseSupported = defineRule({
  name: "debian-release-supported",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  waivable: true,
  description: `Every host runs a supported Debian release (${supported.join(", ")}) that is not past its end of life.`,
  reason: "Without security updates, every new vulnerability can break the isolation between accounts.",
  fix: `Move the accounts to another host, install ${supported.join(" or ")} on this one and set \`release\`.`,
  *find({ hosts }, today) {
    for (const host of hosts) {
      const release = byCodeName.get(host.release);
      if (release?.supported && today <= release.endOfLife) continue;
      const why = release ? `Debian ${release.version}, end of life ${release.endOfLife}` : "unknown release";
      yield { subject: subject.host(host, "release"), message: `Host ${host.name} runs ${host.release} (${why}).` };
    }
  },
});
