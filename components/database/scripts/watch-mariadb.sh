#!/bin/sh
# Looks every two seconds at what accounts share of MariaDB and no disk limit counts, and ends the session that makes it grow beyond its bound.
# Only what grows is judged: a file that was large once keeps its room, which is used again.
#   watch OWN DATA SOCKET SAY
set -eu
own=$1
data=$2
socket=$3
say=$4
size() { du -cb "$@" | awk 'END { print $1 }'; }
# For each account: temporary files of all its sessions. For all: the undo log, temporary tables, and catalogs.
look() {
  cat <<EOT
SET @undo_before = @undo, @tables_before = @tables, @catalogs_before = @catalogs;
SET @undo = $(size "$own"/undo*), @tables = $(size "$own/temporary"), @catalogs = $(size "$data/mysql");
DELIMITER //
BEGIN NOT ATOMIC
  DECLARE session BIGINT UNSIGNED;
  DECLARE whose, name, what TEXT;
  -- The session or the right has gone meanwhile. No variable has the name of a column, which it would hide.
  DECLARE CONTINUE HANDLER FOR 1094, 1141, NOT FOUND BEGIN END;
  IF @undo > 1 << 30 AND @undo > @undo_before THEN
    -- What keeps the log from being used again: the oldest of the large transactions, then of all. Dumps of the host last. One that is short and
    -- young keeps nothing: it only writes, while the server clears what an ended one has kept.
    SELECT p.ID, p.USER, CONCAT('its transaction since ', t.trx_started, ' kept more than 1 GB of old rows') INTO session, whose, what
      FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
      WHERE p.ID <> CONNECTION_ID() AND (t.trx_rows_modified >= 100000 OR t.trx_started < NOW() - INTERVAL 10 SECOND)
      ORDER BY p.USER = 'root', t.trx_rows_modified >= 100000 DESC, t.trx_started LIMIT 1;
  ELSEIF @tables > 1 << 30 AND @tables > @tables_before THEN
    -- Only pages in memory are known, and of long values not whose they are: who writes now and has most of the others.
    SELECT p.ID, p.USER, 'its temporary tables with those of others were larger than 1 GB' INTO session, whose, what
      FROM (SELECT CONV(REGEXP_SUBSTR(TABLE_NAME, '(?<=-)[0-9a-f]+(?=-[0-9a-f]+\`$)'), 16, 10) AS id, COUNT(*) AS pages
        FROM information_schema.INNODB_BUFFER_PAGE WHERE TABLE_NAME LIKE '%#sql-temptable-%' GROUP BY id) b
      JOIN information_schema.PROCESSLIST p ON p.ID = b.id WHERE p.COMMAND <> 'Sleep' ORDER BY b.pages DESC LIMIT 1;
  ELSEIF @tables > 1 << 30 THEN
    SET GLOBAL innodb_truncate_temporary_tablespace_now = 1;
  END IF;
  IF session IS NULL THEN
    SELECT p.ID, p.USER, 'sessions of this account had more than 2 GB of temporary files' INTO session, whose, what
      FROM information_schema.PROCESSLIST p
      JOIN (SELECT USER, SUM(TMP_SPACE_USED) AS sum FROM information_schema.PROCESSLIST GROUP BY USER) u ON u.USER = p.USER
      WHERE u.sum > 2 << 30 ORDER BY p.TMP_SPACE_USED DESC LIMIT 1;
  END IF;
  IF session IS NOT NULL THEN
    KILL session;
    SELECT CONCAT(whose, ' a session in MariaDB was ended: ', what);
  END IF;
  -- Nothing that was made is deleted. Its tables count for its disk limit, so only its routines are large here.
  IF @catalogs > 256 << 20 AND @catalogs > @catalogs_before THEN
    SELECT db INTO name FROM mysql.proc WHERE db <> 'sys' GROUP BY db HAVING SUM(LENGTH(body)) > 16 << 20 ORDER BY SUM(LENGTH(body)) DESC LIMIT 1;
    IF name IS NOT NULL THEN
      SET whose = SUBSTRING_INDEX(name, '_', 1);
      EXECUTE IMMEDIATE CONCAT('REVOKE CREATE ROUTINE, ALTER ROUTINE ON \`', REPLACE(name, '_', '\\\\_'), '\`.* FROM ', whose, '@localhost');
      EXECUTE IMMEDIATE CONCAT('KILL USER ', whose, '@localhost');
      SELECT CONCAT(whose, ' procedures and functions of ', name, ' are larger than 16 MB together: no more can be made there');
    END IF;
  END IF;
END//
DELIMITER ;
EOT
}
# One session, which remembers what it saw last.
while look; do sleep 2; done |
  mariadb --no-defaults --batch --skip-column-names --unbuffered --socket="$socket" --user=root | sh "$say"
