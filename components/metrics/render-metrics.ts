import { relative } from "node:path";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { confined } from "../host/units/confined.ts";
import { wokenDirectory } from "../http/program/start-slots.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";

const name = "fairhost-web-sites";
const script = "libexec/count-requests";
const state = "/var/lib/fairhost-web-sites";
const accounts = "/srv/accounts";

/** Where the front end says each request. systemd holds it, so it is there whatever happens to who reads. */
const socket = "/run/fairhost-web-sites.sock";

/** Of the front end's `http`: what it says of a request to a web site with a program; the names are those of declared servers. */
export const seenHttp = `  map "$account $backend" $seen {
    default "";
    "~^(?<seen_account>[0-9]+) unix:/run/[a-z0-9/-]+/account-\\k<seen_account>-http-(?<seen_server>[a-z0-9-]+)$" "$seen_account $seen_server";
  }
  log_format seen '$seen $status $body_bytes_sent $request_length $request_time $cache_seen,$waf_seen $upstream_response_time';
`;

/** Of the front end's `server`. */
export const seenServer = `    access_log syslog:server=unix:${socket},nohostname,tag=seen seen if=$seen;\n`;

export const renderer: Renderer<"frontEnds"> = {
  key: "frontEnds",
  ofHost: () => ({
    files: [
      {
        path: script,
        content: `#!/usr/bin/python3 -I\n${ownText(import.meta.dirname, "count-requests.py")}`,
        mode: 0o755,
      },
      {
        path: `systemd/${name}.socket`,
        content: unitFile({
          Unit: { Description: "Requests of web sites, to be counted" },
          Socket: { ListenDatagram: socket, SocketMode: "0660", SocketGroup: "www-data", ReceiveBuffer: "4M" },
        }),
      },
      {
        path: `systemd/${name}.service`,
        content: unitFile({
          // A socket is not started while its service runs: both are restarted together.
          Unit: {
            Description: "Counts the requests of web sites",
            PartOf: `${name}.socket`,
            StartLimitIntervalSec: "0",
          },
          Service: {
            ExecStart: `${currentGeneration}/${script} ${state} ${accounts} ${wokenDirectory}`,
            Restart: "always",
            RestartSec: "5",
            // Root without any right beyond its own files: nobody else reads the counts.
            ...confined,
            CapabilityBoundingSet: "",
            UMask: "0027",
            StateDirectory: name,
            StateDirectoryMode: "0750",
            ReadWritePaths: `-${accounts}`,
            // Of the turns to start (components/http/program/start-slot.sh), which make it if they come first.
            RuntimeDirectory: relative("/run", wokenDirectory),
            RuntimeDirectoryMode: "0700",
            RuntimeDirectoryPreserve: "yes",
            PrivateNetwork: "yes",
            RestrictAddressFamilies: "AF_UNIX",
            MemoryMax: "256M",
            TasksMax: "10",
            CPUWeight: "50",
          },
        }),
      },
      { path: `systemd/fairhost.target.wants/${name}.socket`, link: `../${name}.socket` },
    ],
    units: [
      { name: `${name}.service`, want: "on-demand", restartOn: [`systemd/${name}.service`, script] },
      { name: `${name}.socket`, want: "start", restartOn: [`systemd/${name}.socket`] },
    ],
  }),
};
