import { changed, testRule } from "../../testing/test-rule.ts";
import { backupHostsThere } from "./backup-hosts-there.ts";

const backedUp = "site alpha backupSite: Accounts of cell main at site alpha are backed up at beta,";

testRule(backupHostsThere, {
  "a backup site without a host": {
    break: (valid) =>
      changed(
        changed(valid, "hosts", "b1", () => undefined),
        "frontEnds",
        "b1",
        () => undefined,
      ),
    expect: [`${backedUp} which has no host with role backup.`],
  },
  "its only backup host made a spare": {
    break: (valid) => changed(valid, "hosts", "b1", (host) => ({ ...host, role: "spare" })),
    expect: [`${backedUp} which has no host with role backup.`],
  },
  "backup hosts of another cell alone": {
    break: (valid) => changed(valid, "hosts", "b1", (host) => ({ ...host, cell: "second" })),
    expect: [`${backedUp} whose backup hosts (b1) are of other cells.`],
  },
  "a backup host that no other host can know": {
    break: (valid) =>
      changed(valid, "hosts", "b1", ({ ssh, ...host }) => ({
        ...host,
        ssh: { address: ssh!.address, port: ssh!.port },
      })),
    expect: [`${backedUp} whose backup hosts (b1) have no key in known_hosts.`],
  },
  "its only backup host lost": {
    break: (valid) => changed(valid, "hosts", "b1", (host) => ({ ...host, lost: "2026-11-27" })),
    expect: [`${backedUp} whose backup hosts (b1) are lost.`],
  },
});
