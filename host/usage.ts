/** What the applier says of itself, and whenever its arguments make no sense. */
export const usage = `Usage: fairhost-host [--root DIR] COMMAND

  apply             apply the delivery on standard input to this host; progress on standard error, the report
                    (one line of JSON) on standard output
  retire            stop all accounts and services of Fairhost; accounts' data, secrets and the firewall stay
  status [--json]   show the generation in force and drift of files, units and firewall; changes nothing
  inspect [--json]  compare this host with the generation in force and with what is declared (JSON on standard input,
                    may be empty); changes nothing
  health [--json] [ACCOUNT...]
                    check units and the front end, and ask these accounts for a page (up to 5; else a sample of
                    5), which wakes them; what they answer is shown and is no problem of the host
  bans [--json]     list addresses that sent too many wrong passwords and are refused for ten minutes, with the seconds left
  bans lift ADDRESS end the ban of an address, or of the /64 it is in
  dump-database ENGINE NAME
                    write a consistent dump of a database (postgresql or mariadb, a1204_shop) to standard output
  archive ACCOUNT [--keep-days DAYS]
                    archive files, logs and databases of an account that is suspended or no longer on this host, by
                    its number; the archive is kept for 30 days, or as many as given
  restore ACCOUNT files|databases
                    put the files of the newest archive into an account that is suspended and has none, or its
                    databases into those of an account in service
  remove ACCOUNT    remove the data of an account that is no longer on this host, if its newest archive has all of it
  copy FROM TO [--replace]
                    put a copy of the home and the databases of an account, which may run, into another one of this host
                    and hold that until the copy is whole; --replace: also over what it has. Databases are copied that
                    both declare under one name
  move ACCOUNT state|keep|expect|stop|empty|land|leave|cancel
  move ACCOUNT expect-backup|land-without-backup
  move ACCOUNT restore-backup HOST EPOCH
  move ACCOUNT send|receive running|last
  move ACCOUNT restore ENGINE NAME
  move ACCOUNT show-certificates|take-certificates
                    one part of a move to another host; \`guard deploy\` runs these. state shows how far it is (JSON);
                    cancel lets an account run again where it is declared. An account of a lost host lands only when
                    restore-backup is done (master secret of HOST, of that epoch, on standard input), or without
  purge             remove copies that moves have left, and archives, whose time is over (a timer does this once a day)
  backup [--due] [--often] [ACCOUNT...]
                    back up all accounts of this host, or these; --due leaves out those whose newest backup is
                    younger than 12 hours (a timer does this once a day); --often those without a standby, and then
                    half of what their plan says is too young (another timer does this)
  backups ACCOUNT [--of HOST]
                    list the backups of an account that this host made. --of: those that another host made, whose
                    master secret is on standard input (also below)
  backups [--json]  list all accounts of this host: their newest backup, and when one was last restored as a drill
  fetch-backups [--due] [ACCOUNT...]
                    on a standby host: fetch what is new of the backups of accounts whose standby it is, or of these, as
                    they are, encrypted; --due leaves out those that were compared lately (a timer does this)
  drill [--due] [ACCOUNT...]
                    restore the newest backups of all accounts of this host, or of these, beside them, compare them,
                    and remove that again; what was seen is signed and kept. --due: as long as two hours have not
                    passed, in random order, those whose proof is half as old as it may be (a timer does this once a day)
  restore-backup ACCOUNT files [PATH]|database ENGINE NAME|account [--snapshot ID] [--in-place] [--of HOST]
                    restore the home or one path in it, a database, or all, from the newest backup or the one given:
                    into a new directory of the home, or with --in-place over what is there
  restore-host [ACCOUNT...]
                    on a new machine: restore accounts that this host had before and that are held for it, all or these,
                    from its own newest backups, and start them
  restore-declared [ACCOUNT...]
                    restore what \`restore\` in the files of accounts asks for and this host has not done, in place; go on
                    with what was interrupted (\`guard deploy\` and a timer do this)
  show-backups ACCOUNT [SECONDS]
                    mount an account's backups in its admin/backup until nobody has read them for 600 seconds, or as
                    many as given (fairhost-backup-view@.service does this when the account looks)
  expire-backups    on a backup host: remove backups whose time is over, and read a seventh of them (a timer does this
                    once a day)
  verify-backups [ACCOUNT...]
                    on a backup host: read all backups, or those of these accounts, and name damaged files
  fence             ask the backup hosts whether this host was declared lost, and hold the accounts that have gone to
                    other hosts meanwhile, until the next deploy to this host (a timer does this)
  fence boot        the same before programs of accounts start: waits up to 30 s for an answer, or up to an hour if
                    this host was off for 15 minutes, as it may have been declared lost (done at boot)
  fence start       start programs of accounts that wait for such an answer without it
  init [MAKER]      create the fixed symlinks and the recovery unit (the bootstrap does this); with
                    MAKER (bird, frr) this machine becomes a router, for good
  recover           finish or roll back an interrupted change (done at boot)

Exit status: 0 done, 2 wrong usage, 5 failed: not all of it is done; the report of apply says whether some accounts
keep their old files (partial), it was rolled back (rolled-back), or could not be tried or verified (failed).
1 internal error of Fairhost: standard error has a stack trace.
inspect and health: 0 no drift or healthy, 7 drift or unhealthy, 1 internal error, 2 wrong usage, 5 check failed.
--root DIR works on a directory tree instead of this host: writes files, and only names hooks. --help shows this.
`;
