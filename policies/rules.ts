import { referencesExist } from "./data/references-exist.ts";
import { uniqueAccountNumber } from "./data/unique-account-number.ts";
import { uniqueDirectory } from "./data/unique-directory.ts";
import { uniqueHost } from "./data/unique-host.ts";
import { accountFollowsNumber } from "./isolation/account-follows-number.ts";
import { addressInOwnPrefix } from "./isolation/address-in-own-prefix.ts";
import { debianReleaseSupported } from "./isolation/debian-release-supported.ts";
import { equalWeightsInAPlan } from "./isolation/equal-weights-in-a-plan.ts";
import { frontEndPorts } from "./isolation/front-end-ports.ts";
import { httpServerFollowsNumber } from "./isolation/http-server-follows-number.ts";
import { limitsSet } from "./isolation/limits-set.ts";
import { listensOnOwnAddress } from "./isolation/listens-on-own-address.ts";
import { noHostAdministration } from "./isolation/no-host-administration.ts";
import { pathsInsideHome } from "./isolation/paths-inside-home.ts";
import { uidInRange } from "./isolation/uid-in-range.ts";
import { uniqueAddress } from "./isolation/unique-address.ts";
import { uniqueHostname } from "./isolation/unique-hostname.ts";
import { uniqueListen } from "./isolation/unique-listen.ts";
import { uniquePrefix } from "./isolation/unique-prefix.ts";
import { uniqueSlice } from "./isolation/unique-slice.ts";
import { uniqueUid } from "./isolation/unique-uid.ts";
import { hotSwapSsds } from "./redundancy/hot-swap-ssds.ts";
import { mountsOnMirrors } from "./redundancy/mounts-on-mirrors.ts";
import { twoDisks } from "./redundancy/two-disks.ts";
import { twoLinksToTwoSwitches } from "./redundancy/two-links-to-two-switches.ts";
import { twoPowerSuppliesOnTwoChains } from "./redundancy/two-power-supplies-on-two-chains.ts";
import { uniqueDiskSerial } from "./redundancy/unique-disk-serial.ts";
import type { Rule } from "./rule.ts";

/** The rules by folder, in the order violations are shown. All are mandatory. */
export const ruleFolders: Readonly<Record<"redundancy" | "isolation" | "data", readonly Rule[]>> = {
  redundancy: [
    twoDisks,
    mountsOnMirrors,
    hotSwapSsds,
    uniqueDiskSerial,
    twoLinksToTwoSwitches,
    twoPowerSuppliesOnTwoChains,
  ],
  isolation: [
    debianReleaseSupported,
    uidInRange,
    uniqueUid,
    accountFollowsNumber,
    uniqueSlice,
    limitsSet,
    equalWeightsInAPlan,
    addressInOwnPrefix,
    uniquePrefix,
    uniqueAddress,
    listensOnOwnAddress,
    httpServerFollowsNumber,
    uniqueListen,
    uniqueHostname,
    pathsInsideHome,
    noHostAdministration,
    frontEndPorts,
  ],
  data: [uniqueAccountNumber, uniqueDirectory, uniqueHost, referencesExist],
};

/** Every rule. */
export const rules: readonly Rule[] = Object.values(ruleFolders).flat();
