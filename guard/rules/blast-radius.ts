import { subject } from "../../components/registry/subject.ts";
import { count } from "../../lib/text/text.ts";
import { touchesHost } from "../change/effects/host-change.ts";
import type { GuardRule } from "../rule.ts";

/** How much one update may touch. */
export const blastRadius: GuardRule = {
  name: "blast-radius",
  theme: "size",
  description: "One update touches at most as many hosts, accounts and cores as limits.yaml allows.",
  reason: "A faulty change breaks every host and account that it reaches; the rest of the fleet must stay up.",
  fix: "Split the change, deploy it in waves (`deployment: in-waves` in limits.yaml), or raise the limits in a separate change.",
  *find({ waves, hosts, limits }) {
    if (waves.length === 0) return;
    const about = subject.host({ name: waves[0]!.hosts[0]! });
    const over = waves.find(({ overLimit }) => overLimit);
    if (over) {
      yield {
        subject: subject.host({ name: over.hosts[0]! }),
        message: `The update of ${over.hosts.join(", ")} touches ${count(over.accounts, "account")} and cannot be split; limits.yaml allows ${count(limits.hosts, "host")} and ${count(limits.accounts, "account")}.`,
      };
    }
    if (limits.deployment === "at-once" && waves.length > 1) {
      const own = hosts.filter(touchesHost).length;
      const accounts = waves.reduce((sum, wave) => sum + wave.accounts, 0);
      const split = waves.map((wave) => wave.hosts.join(" and ")).join("; then ");
      yield {
        subject: about,
        message: `One update touches ${count(own, "host")} and ${count(accounts, "account")}; limits.yaml allows ${count(limits.hosts, "host")}, ${count(limits.accounts, "account")} and ${limits.capacityPercent} % of the cores. Deploy in these ${waves.length} waves: ${split}.`,
      };
    }
    if (waves.length > limits.waves) {
      yield {
        subject: about,
        message: `The change needs ${waves.length} waves; limits.yaml allows ${limits.waves}.`,
      };
    }
  },
};
