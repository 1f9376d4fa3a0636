-- The subscription plans, which are the installation's and not a tenant's; where they stand in a list is their position. Prices are
-- in ten-thousandths of the currency. A limit that is null is none. signal_types: a list of codes.
CREATE TABLE plans (
    code                     TEXT     NOT NULL PRIMARY KEY CHECK (code IN ('FREE', 'BASIC', 'PRO', 'ENTERPRISE')),
    position                 INTEGER  NOT NULL CHECK (position > 0),
    is_recommended           {bool}   NOT NULL,
    currency                 TEXT     NOT NULL CHECK (length(currency) = 3),
    monthly_price            {bigint} NOT NULL CHECK (monthly_price >= 0),
    yearly_price             {bigint} NOT NULL CHECK (yearly_price >= 0),
    external_signals_per_day INTEGER  CHECK (external_signals_per_day >= 0),
    max_pipelines            INTEGER  CHECK (max_pipelines >= 0),
    signal_types             {json}   NOT NULL,
    custom_signals           {bool}   NOT NULL,
    priority                 {bool}   NOT NULL,
    created_at               {time}   NOT NULL,
    updated_at               {time}   NOT NULL
) {strict};
