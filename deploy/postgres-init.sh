#!/usr/bin/env bash
# Runs once, when the database is made: the server's own role and database.
set -euo pipefail

psql --username "${POSTGRES_USER:-postgres}" --set ON_ERROR_STOP=1 --set password="$BELLWETHER_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE bellwether LOGIN PASSWORD :'password' NOSUPERUSER NOBYPASSRLS;
CREATE DATABASE bellwether OWNER bellwether;
SQL
