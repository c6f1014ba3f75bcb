import { subject } from "../../components/registry/subject.ts";
import { count } from "../../lib/text.ts";
import { touchesHost } from "../change/host-change.ts";
import type { GuardRule } from "./guard-rule.ts";

/** How much one update may touch. */
export const blastRadius: GuardRule = {
  name: "blast-radius",
  description: "One update touches no more hosts, accounts and capacity than limits.yaml allows.",
  reason: "What is wrong with a change is wrong everywhere it went; the rest must still be there to carry on.",
  remediation:
    "Split the change, or deploy it in waves (`deployment: in-waves` in limits.yaml), or raise the limits in a change of their own.",
  *find({ waves, hosts, limits }) {
    if (waves.length === 0) return;
    const about = subject.host({ name: waves[0]!.hosts[0]! });
    const over = waves.find(({ overLimit }) => overLimit);
    if (over) {
      yield {
        subject: subject.host({ name: over.hosts[0]! }),
        message: `The update of ${over.hosts.join(", ")} touches ${count(over.accounts, "account")} and cannot be split; limits.yaml allows ${limits.accounts} and ${count(limits.hosts, "host")}.`,
      };
    }
    if (limits.deployment === "at-once" && waves.length > 1) {
      const own = hosts.filter(touchesHost).length;
      const accounts = waves.reduce((sum, wave) => sum + wave.accounts, 0);
      const split = waves.map((wave) => wave.hosts.join(" and ")).join("; then ");
      yield {
        subject: about,
        message: `One update touches ${count(own, "host")} and ${count(accounts, "account")}; limits.yaml allows ${limits.hosts} and ${limits.accounts}, and ${limits.capacityPercent} % of the cores. Deploy in these ${waves.length} waves: ${split}.`,
      };
    }
    if (waves.length > limits.waves) {
      yield {
        subject: about,
        message: `The change takes ${waves.length} waves; limits.yaml allows ${limits.waves}.`,
      };
    }
  },
};
