import { accountWithDataProtected } from "./data/account-with-data-protected.ts";
import { backupTarget } from "./data/backup-target.ts";
import { nothingVanishes } from "./data/nothing-vanishes.ts";
import { referencesExist } from "./data/references-exist.ts";
import { uniqueAccountNumber } from "./data/unique-account-number.ts";
import { uniqueDirectory } from "./data/unique-directory.ts";
import { uniqueHost } from "./data/unique-host.ts";
import { accountFollowsNumber } from "./isolation/account-follows-number.ts";
import { accountsOnAccountHosts } from "./isolation/accounts-on-account-hosts.ts";
import { addressInOwnPrefix } from "./isolation/address-in-own-prefix.ts";
import { debianReleaseSupported } from "./isolation/debian-release-supported.ts";
import { equalWeightsInAPlan } from "./isolation/equal-weights-in-a-plan.ts";
import { frontEndPorts } from "./isolation/front-end-ports.ts";
import { httpServerFollowsNumber } from "./isolation/http-server-follows-number.ts";
import { limitsSet } from "./isolation/limits-set.ts";
import { listensOnOwnAddress } from "./isolation/listens-on-own-address.ts";
import { noHostAdministration } from "./isolation/no-host-administration.ts";
import { numberNotReused } from "./isolation/number-not-reused.ts";
import { pathsInsideHome } from "./isolation/paths-inside-home.ts";
import { prefixInsideSite } from "./isolation/prefix-inside-site.ts";
import { rangesApart } from "./isolation/ranges-apart.ts";
import { uidInRange } from "./isolation/uid-in-range.ts";
import { uniqueAddress } from "./isolation/unique-address.ts";
import { uniqueHostname } from "./isolation/unique-hostname.ts";
import { uniqueListen } from "./isolation/unique-listen.ts";
import { uniquePrefix } from "./isolation/unique-prefix.ts";
import { uniqueSlice } from "./isolation/unique-slice.ts";
import { uniqueUid } from "./isolation/unique-uid.ts";
import { backupSiteFarAway } from "./redundancy/backup-site-far-away.ts";
import { capacityAfterHostLoss } from "./redundancy/capacity-after-host-loss.ts";
import { devicesInPairs } from "./redundancy/devices-in-pairs.ts";
import { devicesOnTwoChains } from "./redundancy/devices-on-two-chains.ts";
import { fourIndependentOperators } from "./redundancy/four-independent-operators.ts";
import { hotSwapSsds } from "./redundancy/hot-swap-ssds.ts";
import { linksToTwoMakers } from "./redundancy/links-to-two-makers.ts";
import { mountsOnMirrors } from "./redundancy/mounts-on-mirrors.ts";
import { overcommitWithinPlan } from "./redundancy/overcommit-within-plan.ts";
import { plansPromiseTheBasics } from "./redundancy/plans-promise-the-basics.ts";
import { redundantOnTwoSites } from "./redundancy/redundant-on-two-sites.ts";
import { spareParts } from "./redundancy/spare-parts.ts";
import { survivesAnySingleLoss } from "./redundancy/survives-any-single-loss.ts";
import { twoDisks } from "./redundancy/two-disks.ts";
import { twoLinksToTwoSwitches } from "./redundancy/two-links-to-two-switches.ts";
import { twoPowerSuppliesOnTwoChains } from "./redundancy/two-power-supplies-on-two-chains.ts";
import { twoProviders } from "./redundancy/two-providers.ts";
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
    linksToTwoMakers,
    devicesInPairs,
    devicesOnTwoChains,
    fourIndependentOperators,
    twoProviders,
    backupSiteFarAway,
    spareParts,
    plansPromiseTheBasics,
    redundantOnTwoSites,
    capacityAfterHostLoss,
    overcommitWithinPlan,
    survivesAnySingleLoss,
  ],
  isolation: [
    debianReleaseSupported,
    numberNotReused,
    uidInRange,
    uniqueUid,
    accountFollowsNumber,
    uniqueSlice,
    limitsSet,
    equalWeightsInAPlan,
    addressInOwnPrefix,
    uniquePrefix,
    prefixInsideSite,
    rangesApart,
    uniqueAddress,
    listensOnOwnAddress,
    httpServerFollowsNumber,
    uniqueListen,
    uniqueHostname,
    pathsInsideHome,
    noHostAdministration,
    accountsOnAccountHosts,
    frontEndPorts,
  ],
  data: [
    uniqueAccountNumber,
    uniqueDirectory,
    uniqueHost,
    referencesExist,
    backupTarget,
    accountWithDataProtected,
    nothingVanishes,
  ],
};

/** Every rule. */
export const rules: readonly Rule[] = Object.values(ruleFolders).flat();
