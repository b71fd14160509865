#!/bin/sh
# A streaming replica: copies the primary the first time, then follows it.
set -eu
umask 077
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA"
  PGPASSWORD="$POSTGRES_PASSWORD" pg_basebackup --host=postgres --username="$POSTGRES_USER" \
    --pgdata="$PGDATA" --wal-method=stream --checkpoint=fast --write-recovery-conf
fi
exec postgres -c listen_addresses='*'
