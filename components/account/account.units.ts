import type { UnitForms } from "../registry/bundle/unit-forms.ts";

const path = /account-(?<number>\d+)-[a-z][a-z0-9-]*@?\.service/;

/**
 * Slices of accounts, and settings of their services: those that differ by account, and what runs inside the sandbox (sandbox/render-sandbox.ts),
 * whose drop-in is read after them. Everything else is left out, because systemd adds lists of a unit to those of the drop-in, and does
 * much for a unit as root: other `Exec*=`, a prefix `+` or `!`, paths, credentials, namespaces, devices, other units.
 */
export const units: UnitForms = {
  inSandboxes: [
    /\[Unit\] Description=.*/,
    /\[Unit\] CollectMode=inactive-or-failed/,
    /\[Service\] Slice=account-(?<number>\d+)\.slice/,
    /\[Service\] User=(?<user>\w+)/,
    /\[Service\] WorkingDirectory=\/home\/(?<name>[\w-]+)/,
    /\[Service\] BindPaths=\/srv\/accounts\/(?<number>\d+)\/home:\/home\/(?<name>[\w-]+)/,
    /\[Service\] BindPaths=\/srv\/accounts\/(?<number>\d+)\/lib:\/var\/lib/,
    /\[Service\] BindReadOnlyPaths=\/srv\/accounts\/(?<number>\d+)\/admin:\/home\/(?<name>[\w-]+)\/admin/,
    /\[Service\] BindPaths=\/var\/lib\/fairhost\/current\/proc\/(?<number>\d+)\.meminfo:\/proc\/meminfo/,
    /\[Service\] BindPaths=\/var\/lib\/fairhost\/current\/userdb\/(?:(?<user>a\d+)|(?<uid>\d+))\.(?:user|group):\/etc\/userdb\/\w+\.\w+/,
    // Of folders that say where (`inSandboxes`).
    /\[Service\] BindPaths=\/var\/lib\/fairhost\/current\/(?<sharedFolder>[a-z-]+)\/[a-z-]+(?:\.[a-z]+)?:(?<place>\/[a-z/]+)\/[a-z-]+(?:\.[a-z]+)?/,
    /\[Service\] StandardOutput=append:\/srv\/accounts\/(?<number>\d+)\/admin\/logs\/[a-z0-9-]+\.log/,
    /\[Service\] Standard(?:Input|Output)=socket/,
    /\[Service\] StandardError=append:\/srv\/accounts\/(?<number>\d+)\/admin\/logs\/[a-z0-9-]+\.log/,
    /\[Service\] LoadCredential=account-secret:\/var\/lib\/fairhost\/secrets\/accounts\/(?<number>\d+)/,
    /\[Service\] Environment=.*/,
    /\[Service\] LimitNOFILE=\d+:\d+/,
    // When it is started again, and when it is ended: all of it inside its slice.
    /\[Service\] OOMPolicy=continue/,
    /\[Service\] Restart=always/,
    /\[Service\] (?:RestartPreventExitStatus=[\d ]+|SuccessExitStatus=[\w ]+)/,
    /\[Service\] RuntimeMaxSec=\d+s/,
    // Gracefully.
    /\[Service\] KillSignal=SIGINT/,
  ],
  services: [
    { path, lines: [/\[Service\] ExecStart=:?\/.+/] },
    {
      path,
      // Sockets of netlink only behind the filter (components/account/sandbox/netlink-filter.ts).
      lines: [
        /\[Service\] RestrictAddressFamilies=AF_NETLINK/,
        // Its own turn to start (components/http/program/run-program.ts).
        /\[Unit\] (?:Wants|After)=fairhost-start@\d+:account-(?<number>\d+)-http-[a-z][a-z0-9-]*\.service/,
        /\[Service\] ExecStart=:\/usr\/bin\/setpriv --seccomp-filter \/opt\/fairhost\/netlink-filter -- .+/,
      ],
    },
  ],
  files: [
    {
      path: /fairhost\.target\.wants\/account-(?<number>\d+)-[a-z][a-z0-9-]*\.(?:service|socket|timer)/,
      link: /\.\.\/account-(?<number>\d+)-[a-z][a-z0-9-]*\.(?:service|socket|timer)/,
    },
    {
      path: /account-(?<number>\d+)\.slice/,
      lines: [/\[Unit\] Description=.*/, /\[Slice\] (?<limit>\w+=.+)/],
      needsLimits: "Slice",
      stays: true,
    },
    // Exactly these names: a drop-in with the name of one for all accounts would take its place (systemd.unit(5)).
    { path: /account-(?<number>\d+)\.slice\.d\/60-plan\.conf/, lines: [/\[Slice\] (?<limit>\w+=.+)/] },
    {
      path: /account-(?<number>\d+)-\.service\.d\/50-limits\.conf/,
      lines: [/\[Service\] (?<limit>\w+=.+)/],
    },
  ],
};
