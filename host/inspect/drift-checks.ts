import type { BundleFolder } from "../../components/registry/bundle/bundle-folder.ts";
import type { Names } from "../../components/registry/bundle/bundle-folders.generated.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import type { Difference } from "../../delivery/protocol/inspection.ts";
import type { Machine } from "../os/machine.ts";
import { lookAtModules } from "../os/modules.ts";
import { lookAtFrr } from "../os/network/frr.ts";
import { lookAtKernelParameters } from "../os/sysctl.ts";
import { lookAtFirewall, lookAtRoutes } from "./checks/network.ts";

/** Whether the running host still follows the files of a folder. */
interface DriftCheck {
  look(machine: Machine, bundle: Bundle): Promise<Difference[]>;
  /** True if an apply itself compares the running host: the firewall, with the hash in applied.json. */
  readonly comparedByApply?: true;
}

/** Checks by the names that folders give them. */
const driftChecks: Readonly<Record<Names["drift"], DriftCheck>> = {
  firewall: { look: lookAtFirewall, comparedByApply: true },
  routes: { look: lookAtRoutes },
  deniedModules: { look: lookAtModules },
  kernelParameters: { look: lookAtKernelParameters },
  frr: { look: lookAtFrr },
};

/** The check of a folder, if it has one. */
export function driftCheckOf({ drift }: Pick<BundleFolder, "drift">): DriftCheck | undefined {
  return drift === undefined ? undefined : driftChecks[drift as Names["drift"]];
}
