#!/bin/sh
# Looks every two seconds at what accounts share of MariaDB and no disk limit counts, and ends the session that makes it grow beyond its bound.
# Only what grows is judged: a file that was large once keeps its room, which is used again.
#   watch OWN DATA SOCKET SAY USER
set -eu
own=$1
data=$2
socket=$3
say=$4
user=$5
size() { du -cb "$@" | awk 'END { print $1 }'; }
# What reads files of the server's process runs as its user. A server that has just gone has none.
as_server() { setpriv --reuid="$user" --regid="$user" --clear-groups --inh-caps=-all -- "$@" 2>/dev/null || true; }
# Temporary files without a name, which the server does not count: of index builds, of loads into an empty table. Bytes on the disk, each file once.
nameless() {
  as_server find "/proc/$1/fd" -lname "$own/tmp/*" -exec stat -L -c '%h %i %b' {} + |
    awk '$1 == 0 && !($2 in seen) { seen[$2]; sum += $3 } END { printf "%d", sum * 512 }'
}
# What each thread has written to files: [[thread, bytes], ...].
written() { as_server grep -H '^wchar:' "/proc/$1/task/"*/io | awk -F '[/ ]' '{ printf "%s[%d,%d]", sep, $5, $NF; sep = "," }'; }
# For each account: temporary files of all its sessions. For all: those without a name, the undo log, temporary tables, and catalogs.
look() {
  pid=$(cat "$own/pid" 2>/dev/null || echo 0)
  nameless=$(nameless "$pid")
  threads=
  [ "$nameless" -le $((256 << 20)) ] || threads=$(written "$pid")
  cat <<EOT
SET @nameless = $nameless, @threads = '[$threads]';
SET @undo_before = @undo, @tables_before = @tables;
SET @undo = $(size "$own"/undo*), @tables = $(size "$own/temporary"), @registry = $(size "$data/mysql/transaction_registry.ibd");
SET @dictionary = $(size "$own/ibdata1"), @catalogs = $(size "$data/mysql");
DELIMITER //
BEGIN NOT ATOMIC
  DECLARE session BIGINT UNSIGNED;
  DECLARE whose, name, what TEXT;
  -- The session or the right has gone meanwhile. No variable has the name of a column, which it would hide.
  DECLARE CONTINUE HANDLER FOR 1094, 1141, NOT FOUND BEGIN END;
  -- An error in one part must not keep the others from being looked at, nor what was seen last from being known.
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN
    GET DIAGNOSTICS CONDITION 1 @why = MESSAGE_TEXT;
    SELECT CONCAT('host ', @why);
  END;
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
  -- Whose files without a name are, nobody knows: the account whose sessions have written most since there are many, and were never seen with nothing to
  -- do meanwhile. The sum counts, since many small sessions do the same as a large one.
  DELETE FROM sys.fairhost_written WHERE id NOT IN (
    SELECT p.ID FROM information_schema.PROCESSLIST p LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID
    WHERE p.COMMAND <> 'Sleep' OR t.trx_id IS NOT NULL);
  INSERT INTO sys.fairhost_written SELECT p.ID, thread.bytes, thread.bytes FROM information_schema.PROCESSLIST p
    JOIN JSON_TABLE(@threads, '$[*]' COLUMNS (tid BIGINT PATH '$[0]', bytes BIGINT PATH '$[1]')) thread USING (TID)
    LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID
    WHERE p.USER <> 'root' AND (p.COMMAND <> 'Sleep' OR t.trx_id IS NOT NULL) ON DUPLICATE KEY UPDATE now = thread.bytes;
  IF @nameless <= 256 << 20 THEN
    DELETE FROM sys.fairhost_written;
  ELSEIF session IS NULL AND @nameless > 3 << 30 THEN
    SELECT p.USER INTO name FROM sys.fairhost_written w JOIN information_schema.PROCESSLIST p USING (ID)
      GROUP BY p.USER ORDER BY SUM(w.now - w.before) DESC LIMIT 1;
    FOR writer IN (SELECT w.id FROM sys.fairhost_written w JOIN information_schema.PROCESSLIST p USING (ID) WHERE p.USER = name AND w.now > w.before) DO
      KILL writer.id;
    END FOR;
    IF name IS NOT NULL THEN
      SELECT CONCAT(name, ' its sessions in MariaDB were ended: index builds and loads had more than 3 GB of temporary files, and it wrote most');
    END IF;
  END IF;
  IF session IS NULL THEN
    SELECT p.ID, p.USER, 'sessions of this account had more than 2 GB of temporary files' INTO session, whose, what
      FROM information_schema.PROCESSLIST p
      JOIN (SELECT USER, SUM(TMP_SPACE_USED) AS sum FROM information_schema.PROCESSLIST GROUP BY USER) u ON u.USER = p.USER
      WHERE u.sum > 2 << 30 ORDER BY p.TMP_SPACE_USED DESC LIMIT 1;
  END IF;
  -- Times of all transactions that changed tables with a history by transaction. Nothing else removes them, and nobody knows whose they are. Only while
  -- an administrator's transaction has read them this is left to the next look: no statement of an account holds this table for longer than itself.
  IF @registry > 16 << 20 THEN
    BEGIN
      DECLARE CONTINUE HANDLER FOR 1205 BEGIN END;
      EXECUTE IMMEDIATE 'TRUNCATE TABLE mysql.transaction_registry NOWAIT';
    END;
  END IF;
  IF session IS NOT NULL THEN
    KILL session;
    SELECT CONCAT(whose, ' a session in MariaDB was ended: ', what);
  END IF;
  -- Nothing that was made is deleted but statistics, which ANALYZE TABLE makes again. Its tables count for its disk limit, so only its routines are large
  -- here. Each has its rights in another table, too.
  BEGIN
    DECLARE CONTINUE HANDLER FOR 1141, NOT FOUND BEGIN END;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
      GET DIAGNOSTICS CONDITION 1 @why = MESSAGE_TEXT;
      SELECT CONCAT('host ', @why);
    END;
    IF @catalogs > 256 << 20 AND @catalogs > @catalogs_before THEN
      SET name = NULL;
      SELECT db_name INTO name FROM mysql.column_stats GROUP BY 1 HAVING SUM(LENGTH(histogram)) > 16 << 20 ORDER BY SUM(LENGTH(histogram)) DESC LIMIT 1;
      IF name IS NOT NULL THEN
        SET whose = SUBSTRING_INDEX(name, '_', 1);
        EXECUTE IMMEDIATE CONCAT('KILL USER ', whose, '@localhost');
        DELETE FROM mysql.column_stats WHERE db_name = name;
        SELECT CONCAT(whose, ' statistics of the columns of ', name, ' were removed: they were larger than 16 MB together');
      END IF;
      SET name = NULL;
      SELECT p.db INTO name FROM mysql.proc p JOIN mysql.db d ON d.Db = REPLACE(p.db, '_', '\\\\_')
        WHERE 'Y' IN (d.Create_routine_priv, d.Alter_routine_priv) GROUP BY p.db
        HAVING SUM(LENGTH(body) + LENGTH(param_list) + LENGTH(returns) + LENGTH(comment) + 1000) > 16 << 20
        ORDER BY SUM(LENGTH(body) + LENGTH(param_list) + LENGTH(returns) + LENGTH(comment) + 1000) DESC LIMIT 1;
      IF name IS NOT NULL THEN
        SET whose = SUBSTRING_INDEX(name, '_', 1);
        EXECUTE IMMEDIATE CONCAT('REVOKE CREATE ROUTINE, ALTER ROUTINE ON \`', REPLACE(name, '_', '\\\\_'), '\`.* FROM ', whose, '@localhost');
        EXECUTE IMMEDIATE CONCAT('KILL USER ', whose, '@localhost');
        SELECT CONCAT(whose, ' procedures and functions of ', name, ' are larger than 16 MB together: no more can be made there');
      END IF;
    END IF;
    -- Not after an error: who made it grow would not be looked for again.
    SET @catalogs_before = @catalogs;
  END;
  -- Names of tables, columns and foreign keys, which all share: a key takes 1 kB here and
  -- nothing of the disk limit.
  BEGIN
    DECLARE CONTINUE HANDLER FOR 1141, NOT FOUND BEGIN END;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
      GET DIAGNOSTICS CONDITION 1 @why = MESSAGE_TEXT;
      SELECT CONCAT('host ', @why);
    END;
    IF @dictionary > 128 << 20 AND @dictionary > @dictionary_before THEN
      SET name = NULL;
      SELECT n.db INTO name FROM (
        SELECT SUBSTRING_INDEX(t.NAME, '/', 1) AS db, SUM(t.N_COLS) AS number FROM information_schema.INNODB_SYS_TABLES t GROUP BY 1
        UNION ALL SELECT SUBSTRING_INDEX(f.ID, '/', 1), 20 * COUNT(*) FROM information_schema.INNODB_SYS_FOREIGN f GROUP BY 1) n
        JOIN mysql.db d ON d.Db = REPLACE(n.db, '_', '\\\\_') WHERE 'Y' IN (d.Create_priv, d.Alter_priv, d.Index_priv, d.References_priv)
        GROUP BY n.db HAVING SUM(number) > 100000 ORDER BY SUM(number) DESC LIMIT 1;
      IF name IS NOT NULL THEN
        SET whose = SUBSTRING_INDEX(name, '_', 1);
        EXECUTE IMMEDIATE CONCAT('REVOKE CREATE, ALTER, INDEX, REFERENCES ON \`', REPLACE(name, '_', '\\\\_'), '\`.* FROM ', whose, '@localhost');
        EXECUTE IMMEDIATE CONCAT('KILL USER ', whose, '@localhost');
        SELECT CONCAT(whose, ' ', name, ' has more than 100000 columns, or 5000 foreign keys: no more can be made until the next deploy');
      END IF;
    END IF;
    -- Not after an error: who made it grow would not be looked for again.
    SET @dictionary_before = @dictionary;
  END;
END//
DELIMITER ;
EOT
}
# One session, which remembers what it saw last, and waits for nobody.
{
  echo 'SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1, max_statement_time = 60;'
  echo 'CREATE TEMPORARY TABLE sys.fairhost_written (id BIGINT UNSIGNED PRIMARY KEY, `before` BIGINT, now BIGINT);'
  while look; do sleep 2; done
} |
  mariadb --no-defaults --batch --skip-column-names --unbuffered --socket="$socket" --user=root | sh "$say"
