-- What the card, the board and the constructor need. Totals, access, links and indexes of types that are there already
-- are filled in by `upgrade.rs` after this text.

ALTER TABLE event ADD COLUMN quiet SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX event_item ON event (item_kind, item_id, seq);
CREATE INDEX event_root ON event (root, seq) WHERE root IS NOT NULL;

ALTER TABLE staff ADD COLUMN post TEXT NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN substitute BIGINT NOT NULL DEFAULT 0;
ALTER TABLE staff ADD COLUMN away_from BIGINT;
ALTER TABLE staff ADD COLUMN away_until BIGINT;
ALTER TABLE department ADD COLUMN office SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE department ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE department ADD COLUMN closed SMALLINT NOT NULL DEFAULT 0;

-- The headings of boards, now per office, too. The board of one office reads only its own rows.
DROP TABLE stage_total;
CREATE TABLE stage_total (
    stage BIGINT NOT NULL,
    office BIGINT NOT NULL,
    responsible BIGINT NOT NULL,
    currency TEXT NOT NULL,
    count BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (stage, office, responsible, currency)
);
CREATE INDEX stage_total_responsible ON stage_total (stage, responsible);

-- Who may see a record though his role alone would not let him: the number of a user, or minus the number of an office.
CREATE TABLE access (
    kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    who BIGINT NOT NULL,
    PRIMARY KEY (kind, who, item_id)
);
CREATE INDEX access_item ON access (kind, item_id);

-- Answers of fields that point at several records. Fields that point at one stand in their own column with an index.
CREATE TABLE link (
    kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    to_kind BIGINT NOT NULL,
    to_id BIGINT NOT NULL,
    PRIMARY KEY (to_kind, to_id, kind, field, item_id)
);
CREATE INDEX link_item ON link (kind, item_id, field);

-- What was deleted and can come back. Its rows of `access` stay.
CREATE TABLE bin (
    kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    staff BIGINT NOT NULL,
    responsible BIGINT,
    office BIGINT,
    pipeline BIGINT,
    stage BIGINT,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, item_id)
);
CREATE INDEX bin_at ON bin (kind, at, item_id);
CREATE INDEX bin_old ON bin (at);

-- A joined record is found under the one that kept its things.
CREATE TABLE alias (
    kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    into_kind BIGINT NOT NULL,
    into_id BIGINT NOT NULL,
    PRIMARY KEY (kind, item_id)
);
CREATE INDEX alias_into ON alias (into_kind, into_id);

-- Pairs of records that look like one.
CREATE TABLE lookalike (
    kind BIGINT NOT NULL,
    first BIGINT NOT NULL,
    second BIGINT NOT NULL,
    rule TEXT NOT NULL,
    state TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (kind, first, second)
);
CREATE INDEX lookalike_second ON lookalike (kind, second);
CREATE INDEX lookalike_state ON lookalike (kind, state, at, first, second);

CREATE TABLE look (
    id {id},
    staff BIGINT NOT NULL,
    item_kind BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    fields TEXT NOT NULL,
    how TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX look_item ON look (item_kind, item_id, at);
CREATE INDEX look_at ON look (at);

CREATE TABLE layout (
    kind BIGINT NOT NULL,
    pipeline TEXT NOT NULL,
    stage TEXT NOT NULL,
    audience TEXT NOT NULL,
    owner BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, pipeline, stage, audience, owner)
);
CREATE TABLE saved_view (
    kind BIGINT NOT NULL,
    code TEXT NOT NULL,
    owner BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, code, owner)
);
CREATE TABLE menu_section (
    code TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    body TEXT NOT NULL
);
