// Written by `npm run generate` from the files beside it. Do not edit.
import { renderer as renderAccess } from "../../access/render-access.ts";
import { renderer as renderAccountFirewall } from "../../account-network/render-account-firewall.ts";
import { renderer as renderAccountNetwork } from "../../account-network/render-account-network.ts";
import { renderer as renderEgressLog } from "../../account-network/render-egress-log.ts";
import { renderer as renderResolver } from "../../account-network/render-resolver.ts";
import { renderer as renderSaidBounds } from "../../account-network/render-said-bounds.ts";
import { renderer as renderAccount } from "../../account/render-account.ts";
import { renderer as renderLogs } from "../../account/render-logs.ts";
import { renderer as renderPurge } from "../../account/render-purge.ts";
import { renderer as renderRoutes } from "../../address/render-routes.ts";
import { renderer as renderBackup } from "../../backup/render-backup.ts";
import { renderer as renderDrills } from "../../backup/render-drills.ts";
import { renderer as renderFence } from "../../backup/render-fence.ts";
import { renderer as renderRepositories } from "../../backup/render-repositories.ts";
import { renderer as renderStandby } from "../../backup/render-standby.ts";
import { renderer as renderView } from "../../backup/render-view.ts";
import { renderer as renderBans } from "../../bans/render-bans.ts";
import { renderer as renderCache } from "../../cache/render-cache.ts";
import { renderer as renderDatabase } from "../../database/render-database.ts";
import { renderer as renderFtps } from "../../ftps/render-ftps.ts";
import { renderer as renderHost } from "../../host/render-host.ts";
import { renderer as renderLinks } from "../../host/render-links.ts";
import { renderer as renderModules } from "../../host/render-modules.ts";
import { renderer as renderSshd } from "../../host/render-sshd.ts";
import { renderer as renderFrontEnd } from "../../http/render-front-end.ts";
import { renderer as renderHttpServer } from "../../http/render-http-server.ts";
import { renderer as renderSettings } from "../../http/render-settings.ts";
import { renderer as renderMetrics } from "../../metrics/render-metrics.ts";
import { renderer as renderBird } from "../../network/render-bird.ts";
import { renderer as renderNftables } from "../../network/render-nftables.ts";
import { renderer as renderService } from "../../service/render-service.ts";
import { renderer as renderTask } from "../../task/render-task.ts";
import { renderer as renderThresholds } from "../../task/render-thresholds.ts";
import { renderer as renderTime } from "../../time/render-time.ts";
import { renderer as renderTls } from "../../tls/render-tls.ts";
import { renderer as renderUpgrades } from "../../upgrade/render-upgrades.ts";
import { renderer as renderWaf } from "../../waf/render-waf.ts";
import type { Renderer } from "./renderer.ts";

/** Everything that a host's bundle is made of. */
export const renderers: readonly Renderer[] = [
  renderAccess,
  renderAccountFirewall,
  renderAccountNetwork,
  renderEgressLog,
  renderResolver,
  renderSaidBounds,
  renderAccount,
  renderLogs,
  renderPurge,
  renderRoutes,
  renderBackup,
  renderDrills,
  renderFence,
  renderRepositories,
  renderStandby,
  renderView,
  renderBans,
  renderCache,
  renderDatabase,
  renderFtps,
  renderHost,
  renderLinks,
  renderModules,
  renderSshd,
  renderFrontEnd,
  renderHttpServer,
  renderSettings,
  renderMetrics,
  renderBird,
  renderNftables,
  renderService,
  renderTask,
  renderThresholds,
  renderTime,
  renderTls,
  renderUpgrades,
  renderWaf,
];
