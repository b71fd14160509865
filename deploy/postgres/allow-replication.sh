#!/bin/sh
# Runs once, when the primary's data is made: lets the replica connect, with the password.
set -eu
echo "host replication all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
