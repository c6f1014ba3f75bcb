import type { UnitForms } from "../registry/bundle/unit-forms.ts";

/** Databases over TCP, on the loopback of the account's own network (tcp.ts), and the sockets of the servers that keep them. */
export const units: UnitForms = {
  files: [
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
      path: /fairhost-database-local-(?:postgresql|mariadb)-(?<number>\d+)\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Unit\] (?:PartOf|After)=fairhost-network@(?<number>\d+)\.service/,
        /\[Socket\] ListenStream=\/run\/fairhost-databases\/postgresql\/(?<number>\d+)\/\.s\.PGSQL\.5432/,
        /\[Socket\] ListenStream=\/run\/fairhost-databases\/mariadb\/(?<number>\d+)\/mysqld\.sock/,
        /\[Socket\] (?:SocketUser=(?<user>a\d+)|SocketMode=0600)/,
      ],
    },
    {
      path: /fairhost-database-local-(?:postgresql|mariadb)-(?<number>\d+)\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Unit\] PartOf=fairhost-network@(?<number>\d+)\.service/,
        /\[Service\] Slice=account-(?<number>\d+)\.slice/,
        /\[Service\] User=(?<user>a\d+)/,
        /\[Service\] ExecStart=\/usr\/lib\/systemd\/systemd-socket-proxyd --exit-idle-time=10s --connections-max=\d+ \/run\/(?:fairhost-postgresql\/\.s\.PGSQL\.5432|fairhost-mariadb\/mysqld\.sock)/,
      ],
      needs: ["[Service] Slice=", "[Service] User="],
    },
    {
      // The sockets of the servers that keep its databases (components/database/render-database.ts).
      path: /account-(?<number>\d+)-\.service\.d\/60-mounts\.conf/,
      lines: [
        /\[Unit\] After=fairhost-(?:postgresql|mariadb)\.service/,
        /\[Unit\] (?:Wants|After)=fairhost-database-(?:local-)?(?:postgresql|mariadb)-(?<number>\d+)\.socket/,
        /\[Unit\] X-Sockets=[0-9a-f]{16}/,
        /\[Service\] LoadCredential=database-password:\/var\/lib\/fairhost\/secrets\/databases\/(?<number>\d+)/,
        /\[Service\] BindReadOnlyPaths=-\/run\/fairhost-databases\/postgresql\/(?<number>\d+):(?:\/var)?\/run\/postgresql/,
        /\[Service\] BindReadOnlyPaths=-\/run\/fairhost-databases\/mariadb\/(?<number>\d+):(?:\/var)?\/run\/mysqld/,
      ],
    },
  ],
};
