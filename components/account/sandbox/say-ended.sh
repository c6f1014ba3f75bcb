#!/bin/sh
# Tells an account's log why a unit of its sandbox failed, if only systemd knows it, and holds back the unit's next start. A unit of the host's,
# which systemd starts when the other one has failed, and gives $MONITOR_SERVICE_RESULT and $MONITOR_EXIT_STATUS (systemd.exec(5)).
#   say-ended UNIT   with the unit's name without suffix
# It reads nothing that an account can write. The log's directory is root's own: an account can put nothing in the place of its log.
set -u
number=${1#account-}
number=${number%%-*}
name=${1#"account-$number-"} pause=1
# A connection: nobody waits for this unit again.
case $name in *@*) name=${name%%@*} pause=0 ;; esac
[ "$name" != sftp ] || name=ssh
say() { echo "$(date +%FT%T%z) fairhost: $*" >>"/srv/accounts/$number/admin/logs/$name.log"; }
case ${MONITOR_SERVICE_RESULT:-} in
  oom-kill)
    say "killed, because the account had used all its memory"
    pause=$((pause * 5))
    ;;
  timeout) say "killed, because it had not ended 10 s after it was asked to" ;;
  exit-code)
    # Those of systemd itself (systemd.exec(5)): then nothing of the account's has run, and nobody else says why.
    case ${MONITOR_EXIT_STATUS:-} in
      20[0-9] | 21[0-9] | 22[0-9] | 23[0-9] | 24[0-5])
        say "ended with status $MONITOR_EXIT_STATUS: if no program of the account ends so, its sandbox could not be made: tell the administrator"
        ;;
    esac
    ;;
  signal | core-dump) say "killed by SIG${MONITOR_EXIT_STATUS:-}" ;;
esac
[ $pause = 0 ] || exec sleep $pause
