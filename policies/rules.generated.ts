// Written by `npm run generate` from the files beside it. Do not edit.
import { strongKeys } from "../components/access/rules/strong-keys.ts";
import { strongPasswords } from "../components/access/rules/strong-passwords.ts";
import { uniqueUser } from "../components/access/rules/unique-user.ts";
import { userCanLogIn } from "../components/access/rules/user-can-log-in.ts";
import { accountFollowsNumber } from "../components/account/rules/account-follows-number.ts";
import { numberNotReused } from "../components/account/rules/number-not-reused.ts";
import { uidFollowsNumber } from "../components/account/rules/uid-follows-number.ts";
import { uidInRange } from "../components/account/rules/uid-in-range.ts";
import { uniqueAccountNumber } from "../components/account/rules/unique-account-number.ts";
import { uniqueDirectory } from "../components/account/rules/unique-directory.ts";
import { uniqueSlice } from "../components/account/rules/unique-slice.ts";
import { uniqueUid } from "../components/account/rules/unique-uid.ts";
import { addressInOwnPrefix } from "../components/address/rules/address-in-own-prefix.ts";
import { uniquePrefix } from "../components/address/rules/unique-prefix.ts";
import { cacheFits } from "../components/cache/rules/cache-fits.ts";
import { connectionsFit } from "../components/database/rules/connections-fit.ts";
import { capacityFitsMirror } from "../components/host/rules/capacity-fits-mirror.ts";
import { debianReleaseSupported } from "../components/host/rules/debian-release-supported.ts";
import { hotSwapSsds } from "../components/host/rules/hot-swap-ssds.ts";
import { linksToTwoMakers } from "../components/host/rules/links-to-two-makers.ts";
import { mountsOnMirrors } from "../components/host/rules/mounts-on-mirrors.ts";
import { twoDisks } from "../components/host/rules/two-disks.ts";
import { twoLinksToTwoSwitches } from "../components/host/rules/two-links-to-two-switches.ts";
import { twoPowerSuppliesOnTwoChains } from "../components/host/rules/two-power-supplies-on-two-chains.ts";
import { uniqueDiskSerial } from "../components/host/rules/unique-disk-serial.ts";
import { uniqueHost } from "../components/host/rules/unique-host.ts";
import { frontEndPorts } from "../components/http/rules/front-end-ports.ts";
import { httpServerFollowsNumber } from "../components/http/rules/http-server-follows-number.ts";
import { namesOfOneAccount } from "../components/http/rules/names-of-one-account.ts";
import { serverWithinTasks } from "../components/http/rules/server-within-tasks.ts";
import { uniqueHostname } from "../components/http/rules/unique-hostname.ts";
import { uniqueServerNumber } from "../components/http/rules/unique-server-number.ts";
import { webSiteServed } from "../components/http/rules/web-site-served.ts";
import { devicesInPairs } from "../components/network/rules/devices-in-pairs.ts";
import { devicesOnTwoChains } from "../components/network/rules/devices-on-two-chains.ts";
import { fourIndependentOperators } from "../components/network/rules/four-independent-operators.ts";
import { rangesApart } from "../components/network/rules/ranges-apart.ts";
import { guaranteeWithinLimits } from "../components/plan/rules/guarantee-within-limits.ts";
import { plansPromiseTheBasics } from "../components/plan/rules/plans-promise-the-basics.ts";
import type { Rule } from "../components/rule.ts";
import { servicePorts } from "../components/service/rules/service-ports.ts";
import { twoProviders } from "../components/site/rules/two-providers.ts";
import { httpsInForce } from "../components/tls/rules/https-in-force.ts";
import { upgradeNightsApart } from "../components/upgrade/rules/upgrade-nights-apart.ts";
import { wafLooksAtAll } from "../components/waf/rules/waf-looks-at-all.ts";
import { accountWithDataProtected } from "./data/account-with-data-protected.ts";
import { backupHostsThere } from "./data/backup-hosts-there.ts";
import { backupTarget } from "./data/backup-target.ts";
import { nothingVanishes } from "./data/nothing-vanishes.ts";
import { referencesExist } from "./data/references-exist.ts";
import { standbyFetches } from "./data/standby-fetches.ts";
import { accountsOnAccountHosts } from "./isolation/accounts-on-account-hosts.ts";
import { commandsFitUnits } from "./isolation/commands-fit-units.ts";
import { equalWeightsInAPlan } from "./isolation/equal-weights-in-a-plan.ts";
import { limitsSet } from "./isolation/limits-set.ts";
import { noHostAdministration } from "./isolation/no-host-administration.ts";
import { passwordsWhereAllowed } from "./isolation/passwords-where-allowed.ts";
import { pathsInsideHome } from "./isolation/paths-inside-home.ts";
import { prefixInsideSite } from "./isolation/prefix-inside-site.ts";
import { uniqueAddress } from "./isolation/unique-address.ts";
import { uniqueProgramName } from "./isolation/unique-program-name.ts";
import { backupSiteFarAway } from "./redundancy/backup-site-far-away.ts";
import { capacityAfterHostLoss } from "./redundancy/capacity-after-host-loss.ts";
import { guaranteedCores } from "./redundancy/guaranteed-cores.ts";
import { overcommitWithinPlan } from "./redundancy/overcommit-within-plan.ts";
import { redundantOnTwoSites } from "./redundancy/redundant-on-two-sites.ts";
import { spareParts } from "./redundancy/spare-parts.ts";
import { survivesAnySingleLoss } from "./redundancy/survives-any-single-loss.ts";
import { wakesInTime } from "./redundancy/wakes-in-time.ts";

/** Every rule: by theme, then those that look at one element alone, then by name. All are mandatory. */
export const rules: readonly Rule[] = [
  capacityFitsMirror,
  devicesOnTwoChains,
  hotSwapSsds,
  linksToTwoMakers,
  mountsOnMirrors,
  twoDisks,
  twoLinksToTwoSwitches,
  twoPowerSuppliesOnTwoChains,
  backupSiteFarAway,
  capacityAfterHostLoss,
  devicesInPairs,
  fourIndependentOperators,
  guaranteeWithinLimits,
  guaranteedCores,
  overcommitWithinPlan,
  plansPromiseTheBasics,
  redundantOnTwoSites,
  spareParts,
  survivesAnySingleLoss,
  twoProviders,
  uniqueDiskSerial,
  upgradeNightsApart,
  wakesInTime,
  accountFollowsNumber,
  addressInOwnPrefix,
  commandsFitUnits,
  debianReleaseSupported,
  frontEndPorts,
  httpServerFollowsNumber,
  httpsInForce,
  limitsSet,
  noHostAdministration,
  pathsInsideHome,
  strongKeys,
  strongPasswords,
  uidInRange,
  wafLooksAtAll,
  webSiteServed,
  accountsOnAccountHosts,
  cacheFits,
  connectionsFit,
  equalWeightsInAPlan,
  namesOfOneAccount,
  numberNotReused,
  passwordsWhereAllowed,
  prefixInsideSite,
  rangesApart,
  serverWithinTasks,
  servicePorts,
  uidFollowsNumber,
  uniqueAddress,
  uniqueHostname,
  uniquePrefix,
  uniqueProgramName,
  uniqueServerNumber,
  uniqueSlice,
  uniqueUid,
  uniqueUser,
  userCanLogIn,
  nothingVanishes,
  accountWithDataProtected,
  backupHostsThere,
  backupTarget,
  referencesExist,
  standbyFetches,
  uniqueAccountNumber,
  uniqueDirectory,
  uniqueHost,
];
