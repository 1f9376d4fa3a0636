DO $$
DECLARE
    walled RECORD;
BEGIN
    FOR walled IN
        SELECT tablename AS name FROM pg_policies WHERE schemaname = current_schema() AND policyname = 'tenant_wall'
    LOOP
        EXECUTE format('DROP POLICY tenant_wall ON %I', walled.name);
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', walled.name);
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', walled.name);
    END LOOP;
END
$$
