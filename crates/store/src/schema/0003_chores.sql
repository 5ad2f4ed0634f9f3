-- Work that a change of the shape leaves behind for tables with very many rows: done in small steps while others write.
CREATE TABLE chore (
    id {id_once},
    kind BIGINT NOT NULL,
    what TEXT NOT NULL,
    done_to BIGINT NOT NULL
);
