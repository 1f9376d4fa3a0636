-- The setting is read once a statement (a sub-select without a reference outwards is an InitPlan), not once a row.
-- A row of nobody (the outbox has some) may be written by anyone and is read only by who sees all.
DO $$
DECLARE
    walled RECORD;
BEGIN
    FOR walled IN
        SELECT columns.table_name AS name, columns.column_name AS tenant
        FROM information_schema.columns
        JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = current_schema()
          AND table_type = 'BASE TABLE'
          AND (column_name = 'tenant_id' OR (table_name = 'tenants' AND column_name = 'id'))
          AND table_name NOT IN (SELECT tablename FROM pg_policies
                                 WHERE schemaname = current_schema() AND policyname = 'tenant_wall')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled.name);
        EXECUTE format(
            $policy$
            CREATE POLICY tenant_wall ON %1$I
            USING (
                (SELECT current_setting('bellwether.tenant', true) = '*')
                OR %2$I = (SELECT NULLIF(NULLIF(current_setting('bellwether.tenant', true), '*'), '')::uuid)
            )
            WITH CHECK (
                (SELECT current_setting('bellwether.tenant', true) = '*')
                OR %2$I IS NULL
                OR %2$I = (SELECT NULLIF(NULLIF(current_setting('bellwether.tenant', true), '*'), '')::uuid)
            )
            $policy$,
            walled.name, walled.tenant);
    END LOOP;
END
$$
