import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/**
 * Settings of an account's services: those that differ by account, and what runs inside the sandbox (components/account/sandbox/render-sandbox.ts),
 * whose drop-in is read after them. Everything else is left out, because systemd adds lists of a unit to those of the drop-in, and does
 * much for a unit as root: other `Exec*=`, a prefix `+` or `!`, paths, credentials, namespaces, devices, other units.
 */
const service = [
  /\[Unit\] Description=.*/,
  /\[Unit\] CollectMode=inactive-or-failed/,
  /\[Service\] Slice=account-(?<number>\d+)\.slice/,
  /\[Service\] User=(?<user>\w+)/,
  /\[Service\] WorkingDirectory=\/home\/(?<name>[\w-]+)/,
  /\[Service\] BindPaths=\/srv\/accounts\/(?<number>\d+)\/home:\/home\/(?<name>[\w-]+)/,
  /\[Service\] BindPaths=\/srv\/accounts\/(?<number>\d+)\/lib:\/var\/lib/,
  /\[Service\] BindReadOnlyPaths=\/srv\/accounts\/(?<number>\d+)\/admin:\/home\/(?<name>[\w-]+)\/admin/,
  /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/proc\/(?<number>\d+)\.meminfo:\/proc\/meminfo/,
  /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/userdb\/(?:(?<user>a\d+)|(?<uid>\d+))\.(?:user|group):\/etc\/userdb\/\w+\.\w+/,
  // Of users that log in (components/access/render-access.ts).
  /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/access\/(?<number>\d+):\/opt\/fairhost\/access/,
  /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/access\/(?<number>\d+)\/users\/[a-z][a-z0-9_-]*\.user(?:-privileged)?:\/etc\/userdb\/[a-z][a-z0-9_-]*\.user(?:-privileged)?/,
  // Sockets on which a session asks about a password, and on which it gets the files of a directory.
  /\[Service\] BindReadOnlyPaths=\/run\/fairhost-(?:password|sftp)\/(?<number>\d+):\/opt\/fairhost\/(?:password|sftp)/,
  /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/access\/pam\.d:\/etc\/pam\.d/,
  // Of folders that say where (`inSandboxes`).
  /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/(?<sharedFolder>[a-z-]+)\/[a-z-]+(?:\.[a-z]+)?:(?<place>\/[a-z/]+)\/[a-z-]+(?:\.[a-z]+)?/,
  /\[Service\] StandardOutput=append:\/srv\/accounts\/(?<number>\d+)\/admin\/logs\/[a-z0-9-]+\.log/,
  /\[Service\] Standard(?:Input|Output)=socket/,
  /\[Service\] StandardError=append:\/srv\/accounts\/(?<number>\d+)\/admin\/logs\/[a-z0-9-]+\.log/,
  /\[Service\] LoadCredential=ssh-host-key:\/var\/lib\/fairhost\/secrets\/ssh\/(?<number>\d+)/,
  /\[Service\] LoadCredential=account-secret:\/var\/lib\/fairhost\/secrets\/accounts\/(?<number>\d+)/,
  /\[Service\] Environment=.*/,
  /\[Service\] LimitNOFILE=\d+:\d+/,
  // When it is started again, and when it is ended: all of it inside its slice.
  /\[Service\] OOMPolicy=continue/,
  /\[Service\] Restart=always/,
  /\[Service\] (?:RestartPreventExitStatus=[\d ]+|SuccessExitStatus=[\w ]+)/,
  /\[Service\] RuntimeMaxSec=\d+s/,
  // Counters of the host's; they get its name and how it ended (components/task/render-task.ts).
  /\[Unit\] On(?:Failure=fairhost-task-failed|Success=fairhost-task-done)@%N\.service/,
] as const;
const serviceFile = {
  path: /account-(?<number>\d+)-[a-z][a-z0-9-]*@?\.service/,
  needs: ["[Service] Slice=", "[Service] User="],
} as const;

/** Units, drop-ins and `.wants` links. */
export const systemd = {
  name: "systemd",
  link: "/usr/local/lib/systemd/system",
  validator: "units",
  takesEffect: { by: "daemon-reload" },
  showsNobody: true,
  shown: true,
  ofAccount: [
    { ...serviceFile, lines: [...service, /\[Service\] ExecStart=:?\/.+/] },
    {
      ...serviceFile,
      // Sockets of netlink only behind the filter (components/account/sandbox/netlink-filter.ts).
      lines: [
        ...service,
        /\[Service\] RestrictAddressFamilies=AF_NETLINK/,
        // Its own turn to start (components/http/program/run-program.ts).
        /\[Unit\] (?:Wants|After)=fairhost-start@\d+:account-(?<number>\d+)-http-[a-z][a-z0-9-]*\.service/,
        /\[Service\] ExecStart=:\/usr\/bin\/setpriv --seccomp-filter \/opt\/fairhost\/netlink-filter -- .+/,
      ],
    },
    // Its HTTP cache, whose group opens the sockets of its servers: it sees no others (components/cache/render-cache.ts).
    {
      ...serviceFile,
      path: /account-(?<number>\d+)-cache\.service/,
      lines: [
        ...service,
        /\[Unit\] (?:Wants|After)=account-(?<number>\d+)-http-[a-z0-9-]+\.socket/,
        /\[Service\] Group=www-data/,
        /\[Service\] RuntimeDirectory=fairhost-caches\/(?<number>\d+)/,
        /\[Service\] RuntimeDirectoryMode=0710/,
        /\[Service\] BindPaths=\/run\/fairhost-caches\/(?<number>\d+):\/run\/front/,
        /\[Service\] BindReadOnlyPaths=\/run\/fairhost-cached\/(?<number>\d+):\/run\/fairhost-cached\/\k<number>/,
        /\[Service\] BindReadOnlyPaths=\/var\/lib\/fairhost\/current\/varnish\/(?<number>\d+)\.vcl:\/opt\/fairhost\/account\.vcl/,
        /\[Service\] ExecStart=:\/usr\/bin\/tini -- \/opt\/fairhost\/run-cache \d+ \d+ \d+/,
      ],
    },
    {
      path: /account-(?<number>\d+)-[a-z][a-z0-9-]*\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-http\/account-(?<number>\d+)-[a-z][a-z0-9-]*/,
        /\[Socket\] ListenStream=\/run\/fairhost-cached\/(?<number>\d+)\/account-\k<number>-[a-z][a-z0-9-]*/,
      ],
    },
    // SSH: the socket inside the host, and the relay that carries connections there from the account's address.
    {
      path: /account-(?<number>\d+)-ssh\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-ssh\/(?<number>\d+)/,
        /\[Socket\] (?:Accept=yes|MaxConnections=\d+)/,
      ],
    },
    {
      path: /fairhost-ssh-(?<number>\d+)\.socket/,
      lines: [/\[Unit\] Description=.*/, /\[Socket\] ListenStream=\[(?<address>[0-9a-f:]+)\]:8022/],
    },
    {
      path: /fairhost-ssh-(?<number>\d+)@\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Service\] ExecStart=\/var\/lib\/fairhost\/current\/libexec\/one-of-visitor 10 \/usr\/bin\/socat -b65536 STDIO "UNIX-CONNECT:\/run\/fairhost-ssh\/(?<number>\d+),bind=\/tmp\/\$\{REMOTE_ADDR\}"/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/fairhost-ssh-(?<number>\d+)\.socket/,
      link: /\.\.\/fairhost-ssh-(?<number>\d+)\.socket/,
    },
    // SFTP of confined users: the rights are those of one script, which gives them up (components/access/files/run-sftp.pl).
    {
      path: /account-(?<number>\d+)-sftp@\.service\.d\/60-confine\.conf/,
      lines: [
        /\[Service\] (?:CapabilityBoundingSet|AmbientCapabilities)=CAP_SYS_ADMIN/,
        /\[Service\] (?:RestrictNamespaces=mnt|SystemCallFilter=mount)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-sftp\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-sftp\/(?<number>\d+)/,
        /\[Socket\] (?:Accept=yes|MaxConnections=\d+|RemoveOnStop=yes)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-sftp\.socket\.d\/60-owner\.conf/,
      lines: [/\[Socket\] Socket(?:User|Group)=(?<user>a\d+)/, /\[Socket\] SocketMode=0600/],
    },
    // FTPS: the same files, and who asks for them outside of the account, with hashes and certificates (components/ftps/render-ftps.ts).
    {
      path: /account-(?<number>\d+)-ftps@\.service\.d\/60-confine\.conf/,
      lines: [
        /\[Service\] (?:CapabilityBoundingSet|AmbientCapabilities)=CAP_SYS_ADMIN/,
        /\[Service\] (?:RestrictNamespaces=mnt|SystemCallFilter=mount)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-ftps\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-ftps\/(?<number>\d+)/,
        /\[Socket\] (?:Accept=yes|MaxConnections=\d+|RemoveOnStop=yes)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-ftps\.socket\.d\/60-owner\.conf/,
      lines: [/\[Socket\] Socket(?:User|Group)=root/, /\[Socket\] SocketMode=0666/, /\[Socket\] DirectoryMode=0700/],
      needs: ["[Socket] DirectoryMode=0700"],
    },
    {
      path: /fairhost-ftps-(?<number>\d+)\.socket/,
      lines: [/\[Unit\] Description=.*/, /\[Socket\] ListenStream=\[(?<address>[0-9a-f:]+)\]:21/],
    },
    {
      path: /fairhost-ftps-(?<number>\d+)@\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Service\] Slice=account-(?<number>\d+)\.slice/,
        /\[Service\] LoadCredential=passwords:\/var\/lib\/fairhost\/current\/access\/ftps\/(?<number>\d+)/,
        /\[Service\] LoadCredential=default\.pem:\/var\/lib\/fairhost-certificates\/default\.pem/,
        /\[Service\] LoadCredential=(?<hostname>[a-z0-9.-]+)\.pem:\/var\/lib\/fairhost-certificates\/\k<hostname>\.pem/,
        /\[Service\] LoadCredential=(?<hostname>\*(\.[a-z0-9.-]+))\.pem:\/var\/lib\/fairhost-certificates\/_\2\.pem/,
        /\[Service\] SetCredential=[a-z0-9.*-]+\.pem:none/,
        /\[Service\] BindReadOnlyPaths=\/run\/fairhost-ftps\/(?<number>\d+):\/tmp\/files/,
        /\[Service\] StandardOutput=append:\/srv\/accounts\/(?<number>\d+)\/admin\/logs\/ftps\.log/,
        /\[Service\] ExecStart=:\/usr\/bin\/python3 -E -s -B \/var\/lib\/fairhost\/current\/libexec\/serve-ftps (?<number>\d+) \/home\/(?<name>[\w-]+) (?<address>[0-9a-f:]+) 8900-8999 \/tmp\/files/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/fairhost-ftps-(?<number>\d+)\.socket/,
      link: /\.\.\/fairhost-ftps-(?<number>\d+)\.socket/,
    },
    // Passwords: who knows the hashes, outside of the account.
    {
      path: /fairhost-password-(?<number>\d+)\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-password\/(?<number>\d+)/,
        /\[Socket\] SocketUser=(?<user>a\d+)/,
      ],
    },
    {
      path: /fairhost-password-(?<number>\d+)@\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Service\] Slice=account-(?<number>\d+)\.slice/,
        /\[Service\] LoadCredential=passwords:\/var\/lib\/fairhost\/current\/access\/passwords\/(?<number>\d+)/,
        /\[Service\] ExecStart=:\/usr\/bin\/perl \/var\/lib\/fairhost\/current\/libexec\/check-password (?<number>\d+) %i/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/fairhost-password-(?<number>\d+)\.socket/,
      link: /\.\.\/fairhost-password-(?<number>\d+)\.socket/,
    },
    // WebDAV of users: a unit for each in the sandbox, and who knows the hashes outside of it (components/access/files/webdav.ts).
    {
      ...serviceFile,
      path: /account-(?<number>\d+)-webdav-[a-z][a-z0-9_-]*\.service/,
      lines: [
        ...service,
        /\[Service\] ExecStart=:\/opt\/fairhost\/run \/home\/(?<name>[\w-]+) \/home\/\k<name>(?:\/[A-Za-z0-9._/-]+)? \/\.webdav\/[a-z][a-z0-9_-]*/,
      ],
    },
    {
      path: /account-(?<number>\d+)-webdav-[a-z][a-z0-9_-]*\.service\.d\/60-confine\.conf/,
      lines: [
        /\[Service\] (?:CapabilityBoundingSet|AmbientCapabilities)=CAP_SYS_ADMIN/,
        /\[Service\] (?:RestrictNamespaces=mnt|SystemCallFilter=mount)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-webdav-([a-z][a-z0-9_-]*)\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-http\/account-(?<number>\d+)-webdav-[a-z][a-z0-9_-]*/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/account-(?<number>\d+)-webdav-([a-z][a-z0-9_-]*)\.socket/,
      link: /\.\.\/account-(?<number>\d+)-webdav-([a-z][a-z0-9_-]*)\.socket/,
    },
    {
      path: /fairhost-webdav-(?<number>\d+)\.socket/,
      lines: [
        /\[Unit\] (?:Description=.*|StartLimitIntervalSec=0)/,
        /\[Socket\] ListenStream=\/run\/fairhost-webdav\/(?<number>\d+)/,
        /\[Socket\] (?:SocketUser=www-data|SocketMode=0600|DirectoryMode=0755|RemoveOnStop=yes|TriggerLimitIntervalSec=0)/,
      ],
    },
    {
      path: /fairhost-webdav-(?<number>\d+)\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Service\] Slice=account-(?<number>\d+)\.slice/,
        /\[Service\] LoadCredential=passwords:\/var\/lib\/fairhost\/current\/access\/webdav\/(?<number>\d+)/,
        /\[Service\] ExecStart=:\/usr\/bin\/perl \/var\/lib\/fairhost\/current\/libexec\/check-webdav (?<number>\d+)/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/fairhost-webdav-(?<number>\d+)\.socket/,
      link: /\.\.\/fairhost-webdav-(?<number>\d+)\.socket/,
    },
    // Without Unit= a timer starts the service of its own name.
    {
      path: /account-(?<number>\d+)-[a-z][a-z0-9-]*\.timer/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Timer\] OnCalendar=.+/,
        /\[Timer\] (?:AccuracySec|RandomizedDelaySec)=\d+s/,
        /\[Timer\] (?:FixedRandomDelay|Persistent)=(?:yes|no)/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/account-(?<number>\d+)-[a-z][a-z0-9-]*\.(?:service|socket|timer)/,
      link: /\.\.\/account-(?<number>\d+)-[a-z][a-z0-9-]*\.(?:service|socket|timer)/,
    },
    {
      path: /account-(?<number>\d+)\.slice/,
      lines: [/\[Unit\] Description=.*/, /\[Slice\] (?<limit>\w+=.+)/],
      needs: ["[Slice] MemoryMax=", "[Slice] TasksMax="],
      stays: true,
    },
    // Exactly these names: a drop-in with the name of one for all accounts would take its place (systemd.unit(5)).
    { path: /account-(?<number>\d+)\.slice\.d\/60-plan\.conf/, lines: [/\[Slice\] (?<limit>\w+=.+)/] },
    {
      path: /account-(?<number>\d+)-\.service\.d\/50-limits\.conf/,
      lines: [/\[Service\] (?<limit>\w+=.+)/],
    },
    // Its own network and no other's.
    {
      path: /account-(?<number>\d+)-\.service\.d\/50-network\.conf/,
      lines: [/\[Unit\] (?:JoinsNamespaceOf|Wants|PartOf|After)=fairhost-network@(?<number>\d+)\.service/],
    },
    // Its databases over TCP, on the loopback of its own network (components/database/tcp.ts).
    {
      path: /fairhost-database-(?:postgresql|mariadb)-(?<number>\d+)\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Unit\] (?:JoinsNamespaceOf|PartOf|After)=fairhost-network@(?<number>\d+)\.service/,
        /\[Socket\] ListenStream=(?:127\.0\.0\.1|\[::1\]):(?:5432|3306)/,
      ],
      needs: ["[Unit] JoinsNamespaceOf="],
    },
    {
      path: /fairhost-database-(?:postgresql|mariadb)-(?<number>\d+)\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Unit\] (?:JoinsNamespaceOf|BindsTo|After)=fairhost-(?:postgresql|mariadb)\.service/,
        /\[Unit\] PartOf=fairhost-network@(?<number>\d+)\.service/,
        /\[Service\] Slice=account-(?<number>\d+)\.slice/,
        /\[Service\] ExecStart=\/usr\/lib\/systemd\/systemd-socket-proxyd --exit-idle-time=10s --connections-max=\d+ (?:127\.0\.0\.1:5432|\/run\/fairhost-mariadb\/mysqld\.sock)/,
      ],
      needs: ["[Service] Slice="],
    },
    {
      // The sockets of the servers that keep its databases (components/database/render-database.ts).
      path: /account-(?<number>\d+)-\.service\.d\/60-mounts\.conf/,
      lines: [
        /\[Unit\] After=fairhost-(?:postgresql|mariadb)\.service/,
        /\[Unit\] (?:Wants|After)=fairhost-database-(?:postgresql|mariadb)-(?<number>\d+)\.socket/,
        /\[Unit\] X-Sockets=[0-9a-f]{16}/,
        /\[Service\] LoadCredential=database-password:\/var\/lib\/fairhost\/secrets\/databases\/(?<number>\d+)/,
        /\[Service\] BindReadOnlyPaths=-\/run\/fairhost-postgresql:(?:\/var)?\/run\/postgresql/,
        /\[Service\] BindReadOnlyPaths=-\/run\/fairhost-mariadb:(?:\/var)?\/run\/mysqld/,
      ],
    },
  ],
} as const satisfies BundleFolder;
