import { bird as folder } from "../../components/network/bird.host.ts";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import type { Daemon } from "./daemons.ts";

/** `birdc configure` reports whether the new configuration is in use; a reload by systemd does not. */
export const bird: Daemon = {
  async reload({ run }) {
    const { stdout, stderr } = await run("birdc", ["configure", `"${currentGeneration}/${folder.entry.file}"`]);
    return /^(Reconfigured|Reconfiguration in progress)/m.test(stdout) ? undefined : `${stdout}${stderr}`.trim();
  },
  /** BIRD reports it to the second or better, in the host's local time. */
  async lastRead({ run }) {
    const { stdout } = await run("birdc", ["show", "status"]);
    const [, time] = /^Last reconfiguration on (\S+ \S+)$/m.exec(stdout) ?? [];
    const at = time === undefined ? Number.NaN : Date.parse(time.replace(" ", "T"));
    return Number.isNaN(at) ? undefined : at + 1000;
  },
};
