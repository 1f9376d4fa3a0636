-- Who wants to hear when something is there. email_key is what is compared: an address is on a tenant's list once.
CREATE TABLE waitlist (
    id         {uuid} NOT NULL PRIMARY KEY,
    tenant_id  {uuid} NOT NULL REFERENCES tenants (id),
    email      TEXT   NOT NULL CHECK (length(email) BETWEEN 3 AND 255),
    email_key  TEXT   NOT NULL CHECK (length(email_key) BETWEEN 3 AND 255),
    interest   TEXT   CHECK (length(interest) BETWEEN 1 AND 40),
    language   TEXT   CHECK (length(language) BETWEEN 2 AND 35),
    created_at {time} NOT NULL,
    UNIQUE (tenant_id, email_key)
) {strict};
CREATE INDEX waitlist_by_tenant ON waitlist (tenant_id, id);

-- What visitors wrote through the site's contact form.
CREATE TABLE contact_messages (
    id         {uuid} NOT NULL PRIMARY KEY,
    tenant_id  {uuid} NOT NULL REFERENCES tenants (id),
    name       TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    email      TEXT   NOT NULL CHECK (length(email) BETWEEN 3 AND 255),
    topic      TEXT   NOT NULL CHECK (topic IN ('SALES', 'SUPPORT', 'PRIVACY', 'SECURITY', 'OTHER')),
    message    TEXT   NOT NULL CHECK (length(message) BETWEEN 1 AND 5000),
    language   TEXT   CHECK (length(language) BETWEEN 2 AND 35),
    created_at {time} NOT NULL
) {strict};
CREATE INDEX contact_messages_by_tenant ON contact_messages (tenant_id, id);
