#include "runtime/store/postgres/schema_sql.h"

namespace onager::store::postgres {

const char* const kTablesSql = R"sql(
CREATE SCHEMA IF NOT EXISTS onager;

CREATE TABLE onager.store (
  name text PRIMARY KEY,
  value bigint NOT NULL
);

-- One row each actor, destroyed ones too. `commit` names the last commit. A row is updated in place as
-- long as its page has room: no index has a column that a commit changes.
CREATE TABLE onager.actors (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  epoch bigint NOT NULL,
  revision bigint NOT NULL,
  version bigint NOT NULL,
  commit bigint NOT NULL,
  checksum integer NOT NULL,
  ahead boolean NOT NULL,
  destroyed boolean NOT NULL,
  destroyed_at timestamptz,
  type text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  UNIQUE (type, key)
) WITH (fillfactor = 70);
CREATE INDEX actors_destroyed ON onager.actors (destroyed_at) WHERE destroyed;

CREATE TABLE onager.log (
  actor bigint NOT NULL,
  revision bigint NOT NULL,
  committed_at bigint NOT NULL,
  checksum integer NOT NULL,
  patch bytea NOT NULL,
  events bytea,
  PRIMARY KEY (actor, revision)
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE onager.snapshots (
  actor bigint NOT NULL,
  revision bigint NOT NULL,
  version bigint NOT NULL,
  checksum integer NOT NULL,
  state bytea NOT NULL,
  PRIMARY KEY (actor, revision)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE onager.calls (
  actor bigint NOT NULL,
  id uuid NOT NULL,
  revision bigint NOT NULL,
  ended_at bigint NOT NULL,
  checksum integer NOT NULL,
  outcome bytea NOT NULL,
  PRIMARY KEY (actor, id)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE onager.reminders (
  actor bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  id bytea NOT NULL,
  due bigint NOT NULL,
  period bigint NOT NULL,
  checksum integer NOT NULL,
  PRIMARY KEY (actor, name, id)
);
CREATE INDEX reminders_by_due ON onager.reminders (due, actor);

-- What is large is kept as it is: to compress it would cost more time than all the rest.
ALTER TABLE onager.log ALTER COLUMN patch SET STORAGE EXTERNAL, ALTER COLUMN events SET STORAGE EXTERNAL;
ALTER TABLE onager.snapshots ALTER COLUMN state SET STORAGE EXTERNAL;
ALTER TABLE onager.calls ALTER COLUMN outcome SET STORAGE EXTERNAL;

-- One row each connection that writes. A batch of commits takes its row from `seq` - 1 to `seq` in its own
-- transaction, so that whoever loses the connection meanwhile finds out there what became of the batch. Raising
-- `generation` keeps a batch out that is still on its way. `result` is what the batch returned, and
-- `result_before` what the one before it did.
CREATE TABLE onager.writers (
  id uuid PRIMARY KEY,
  seq bigint NOT NULL,
  generation bigint NOT NULL,
  result bigint[] NOT NULL,
  result_before bigint[] NOT NULL,
  seen_at timestamptz NOT NULL
) WITH (fillfactor = 10);
)sql";

// Each transaction's changes of actors, in rows that its snapshot makes visible: a reader keeps the snapshot
// that it has read up to and asks for what that did not show. Nothing is skipped, in whatever order
// transactions commit, and none that stays open delays the others.
const char* const kChangesSql = R"sql(
CREATE TABLE onager.changes (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  writer uuid,
  type text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX changes_by_xid ON onager.changes (xid);

-- What was visible at a time: rows of `changes` that were so long ago are dropped.
CREATE TABLE onager.change_marks (
  made_at timestamptz NOT NULL,
  visible pg_snapshot NOT NULL,
  trimmed boolean NOT NULL DEFAULT false  -- What it shows may have been dropped.
);
INSERT INTO onager.store VALUES ('change_retention_seconds', 300), ('tombstone_retention_seconds', 604800);

-- Drops what is too old, a part at a time; true when there is more. Several may call it.
CREATE FUNCTION onager.tidy() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  mark record;
  dropped bigint := 0;
  at_most constant bigint := 20000;
BEGIN
  IF NOT pg_try_advisory_xact_lock(122545283853683) THEN RETURN false; END IF;
  INSERT INTO onager.change_marks (made_at, visible)
    SELECT clock_timestamp(), pg_current_snapshot()
    WHERE NOT EXISTS (SELECT FROM onager.change_marks WHERE made_at > now() - interval '5 s');
  SELECT m.made_at, m.visible INTO mark FROM onager.change_marks AS m
    WHERE m.made_at < now() - (SELECT value FROM onager.store WHERE name = 'change_retention_seconds') * interval '1 s'
    ORDER BY m.made_at DESC LIMIT 1;
  IF FOUND THEN
    UPDATE onager.change_marks SET trimmed = true WHERE made_at = mark.made_at AND NOT trimmed;
    DELETE FROM onager.change_marks WHERE made_at < mark.made_at;
    DELETE FROM onager.changes WHERE ctid = ANY (ARRAY(
      SELECT c.ctid FROM onager.changes AS c
      WHERE c.xid < pg_snapshot_xmax(mark.visible) AND pg_visible_in_snapshot(c.xid, mark.visible)
      ORDER BY c.xid LIMIT at_most));
    GET DIAGNOSTICS dropped = ROW_COUNT;
  END IF;
  DELETE FROM onager.actors WHERE id = ANY (ARRAY(
    SELECT a.id FROM onager.actors AS a
    WHERE a.destroyed AND a.destroyed_at <
      now() - (SELECT value FROM onager.store WHERE name = 'tombstone_retention_seconds') * interval '1 s'
    LIMIT 1000 FOR UPDATE SKIP LOCKED));
  DELETE FROM onager.edits WHERE id = ANY (ARRAY(
    SELECT e.id FROM onager.edits AS e WHERE e.ended_at < now() - interval '1 day' LIMIT 1000));
  DELETE FROM onager.writers WHERE seen_at < now() - interval '30 days';
  RETURN dropped = at_most;
END $$;

CREATE FUNCTION onager.note_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  writer constant uuid := nullif(current_setting('onager.writer', true), '')::uuid;
BEGIN
  INSERT INTO onager.changes (writer, type, key) SELECT writer, c.type, c.key FROM changed AS c;
  -- A process tells the others by itself, less often.
  IF writer IS NULL THEN PERFORM pg_notify('onager', ''); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON onager.actors REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION onager.note_changes();
CREATE TRIGGER note_updated AFTER UPDATE ON onager.actors REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION onager.note_changes();
CREATE TRIGGER note_deleted AFTER DELETE ON onager.actors REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION onager.note_changes();

CREATE FUNCTION onager.drop_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM onager.log AS l USING dropped AS d WHERE l.actor = d.id;
  DELETE FROM onager.snapshots AS s USING dropped AS d WHERE s.actor = d.id;
  DELETE FROM onager.calls AS c USING dropped AS d WHERE c.actor = d.id;
  DELETE FROM onager.reminders AS r USING dropped AS d WHERE r.actor = d.id;
  DELETE FROM onager.state_json AS j USING dropped AS d WHERE j.actor = d.id;
  RETURN NULL;
END $$;
CREATE TRIGGER drop_parts AFTER DELETE ON onager.actors REFERENCING OLD TABLE AS dropped
  FOR EACH STATEMENT EXECUTE FUNCTION onager.drop_parts();

CREATE FUNCTION onager.refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'nobody would be told: use DELETE';
END $$;
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON onager.actors
  FOR EACH STATEMENT EXECUTE FUNCTION onager.refuse_truncate();
)sql";

const char* const kCommitSql = R"sql(
-- Writes a batch of commits, one an actor, each if the actor is where it expects it, and returns of the others
-- five numbers each: which one, whether there is an actor (0: none, 1: there is, 2: destroyed), its epoch, its
-- revision and its last commit. What belongs to a commit says so by its number, from 1 on.
--
-- `flags`: 1 the actor ends, 2 `ahead` is set, to 4, 8 the commit may begin the actor, 16 it does and
-- is refused where there is one. `base_commits`: what the last commit must be, or 0. `edits`: the edit that a
-- commit makes, which must still be this process's, or 0.
CREATE FUNCTION onager.commit(
  writer uuid, writer_generation bigint, batch bigint,
  types text[], keys text[], flags integer[], epochs bigint[], bases bigint[], epochs_after bigint[],
  revisions bigint[], versions bigint[], checksums integer[], commits bigint[], base_commits bigint[],
  edits bigint[],
  step_of integer[], step_revision bigint[], step_at bigint[], step_checksum integer[], step_patch bytea[],
  step_events bytea[],
  snapshot_of integer[], snapshot_revision bigint[], snapshot_version bigint[], snapshot_checksum integer[],
  snapshot_state bytea[],
  floor_of integer[], floor_revision bigint[],
  call_of integer[], call_id uuid[], call_revision bigint[], call_at bigint[], call_checksum integer[],
  call_outcome bytea[],
  forgotten_of integer[], forgotten_id uuid[],
  reminder_of integer[], reminder_name text[], reminder_id bytea[], reminder_due bigint[],
  reminder_period bigint[], reminder_checksum integer[],
  cancelled_of integer[], cancelled_name text[], cancelled_id bytea[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[] := array_fill(-1::bigint, ARRAY[cardinality(types)]);  -- Of the actors, 0: it is refused.
  refused bigint[] := '{}';
  seen integer := 0;
  held record;
  ended bigint[];
BEGIN
  -- All batches insert, and then lock, in the order of (type, key), so that none waits for another in a circle.
  -- A new actor is one that the commit fits, of version 0, which no other one has; unless somebody takes the
  -- edit away meanwhile.
  INSERT INTO onager.actors (type, key, epoch, revision, commit, version, checksum, ahead, destroyed)
    SELECT c.type, c.key, c.epoch, c.base, c.base_commit, 0, 0, false, false
    FROM unnest(types, keys, flags, epochs, bases, base_commits, edits)
           AS c (type, key, flags, epoch, base, base_commit, edit)
    WHERE c.flags & 8 <> 0
      AND (c.edit = 0 OR EXISTS (
           SELECT FROM onager.edits AS e
           WHERE e.id = c.edit AND e.ended_at IS NULL AND e.taken_by = current_setting('onager.writer')::uuid))
    ORDER BY c.type, c.key
    ON CONFLICT (type, key) DO NOTHING;

  FOR held IN
    SELECT c.n, a.id, a.destroyed, a.epoch, a.revision, a.commit, a.version, a.checksum,
           CASE WHEN c.flags & 16 <> 0 THEN a.version = 0 AND NOT a.destroyed
                WHEN a.destroyed THEN c.base = 0 AND a.epoch <> c.epoch
                ELSE a.epoch = c.epoch AND a.revision = c.base AND c.base_commit IN (0, a.commit) END
           AND (c.edit = 0 OR EXISTS (
                SELECT FROM onager.edits AS e
                WHERE e.id = c.edit AND e.ended_at IS NULL AND e.taken_by = current_setting('onager.writer')::uuid))
             AS fits
    FROM unnest(types, keys, flags, epochs, bases, base_commits, edits) WITH ORDINALITY
           AS c (type, key, flags, epoch, base, base_commit, edit, n)
      JOIN onager.actors AS a ON a.type = c.type AND a.key = c.key
    ORDER BY a.type, a.key FOR UPDATE OF a
  LOOP
    seen := seen + 1;
    IF held.fits THEN
      ids[held.n] := held.id;
    ELSIF held.version = 0 AND held.checksum = 0 THEN
      DELETE FROM onager.actors AS a WHERE a.id = held.id;  -- It has not begun.
      ids[held.n] := 0;
      refused := refused || ARRAY[held.n, 0, 0, 0, 0];
    ELSE
      ids[held.n] := 0;
      refused := refused ||
        ARRAY[held.n, CASE WHEN held.destroyed THEN 2 ELSE 1 END, held.epoch, held.revision, held.commit];
    END IF;
  END LOOP;
  IF seen < cardinality(types) THEN
    FOR i IN 1..cardinality(types) LOOP
      IF ids[i] < 0 THEN
        ids[i] := 0;
        refused := refused || ARRAY[i, 0, 0, 0, 0]::bigint[];
      END IF;
    END LOOP;
  END IF;

  UPDATE onager.actors AS a
    SET epoch = c.epoch_after, revision = c.revision, commit = c.commit, version = c.version,
        checksum = CASE WHEN c.ahead_after THEN ~c.checksum ELSE c.checksum END,
        ahead = c.ahead_after, destroyed = c.flags & 1 <> 0,
        destroyed_at = CASE WHEN c.flags & 1 <> 0 THEN now() END
    FROM (
      SELECT u.*, CASE WHEN u.flags & 2 <> 0 THEN u.flags & 4 <> 0
                       ELSE b.ahead AND NOT b.destroyed END AS ahead_after
      FROM unnest(ids, flags, epochs_after, revisions, commits, versions, checksums)
             AS u (id, flags, epoch_after, revision, commit, version, checksum)
        JOIN onager.actors AS b ON b.id = u.id
      WHERE u.id > 0) AS c
    WHERE a.id = c.id;

  INSERT INTO onager.log (actor, revision, committed_at, checksum, patch, events)
    SELECT ids[s.head], s.revision, s.committed_at, s.checksum, s.patch, s.events
    FROM unnest(step_of, step_revision, step_at, step_checksum, step_patch, step_events)
           AS s (head, revision, committed_at, checksum, patch, events)
    WHERE ids[s.head] > 0;
  IF cardinality(snapshot_of) > 0 THEN
    INSERT INTO onager.snapshots AS t (actor, revision, version, checksum, state)
      SELECT ids[s.head], s.revision, s.version, s.checksum, s.state
      FROM unnest(snapshot_of, snapshot_revision, snapshot_version, snapshot_checksum, snapshot_state)
             AS s (head, revision, version, checksum, state)
      WHERE ids[s.head] > 0
      ON CONFLICT (actor, revision) DO UPDATE
        SET version = excluded.version, checksum = excluded.checksum, state = excluded.state;
  END IF;

  IF cardinality(forgotten_of) > 0 THEN
    DELETE FROM onager.calls AS t USING unnest(forgotten_of, forgotten_id) AS f (head, id)
      WHERE t.actor = ids[f.head] AND t.id = f.id;
  END IF;
  IF cardinality(call_of) > 0 THEN
    INSERT INTO onager.calls AS t (actor, id, revision, ended_at, checksum, outcome)
      SELECT ids[c.head], c.id, c.revision, c.ended_at, c.checksum, c.outcome
      FROM unnest(call_of, call_id, call_revision, call_at, call_checksum, call_outcome)
             AS c (head, id, revision, ended_at, checksum, outcome)
      WHERE ids[c.head] > 0
      ON CONFLICT (actor, id) DO UPDATE
        SET revision = excluded.revision, ended_at = excluded.ended_at, checksum = excluded.checksum,
            outcome = excluded.outcome;
  END IF;
  IF cardinality(cancelled_of) > 0 THEN
    DELETE FROM onager.reminders AS t
      USING unnest(cancelled_of, cancelled_name, cancelled_id) AS c (head, name, id)
      WHERE t.actor = ids[c.head] AND t.name = c.name AND t.id = c.id;
  END IF;
  IF cardinality(reminder_of) > 0 THEN
    INSERT INTO onager.reminders AS t (actor, name, id, due, period, checksum)
      SELECT ids[r.head], r.name, r.id, r.due, r.period, r.checksum
      FROM unnest(reminder_of, reminder_name, reminder_id, reminder_due, reminder_period, reminder_checksum)
             AS r (head, name, id, due, period, checksum)
      WHERE ids[r.head] > 0
      ON CONFLICT (actor, name, id) DO UPDATE
        SET due = excluded.due, period = excluded.period, checksum = excluded.checksum;
  END IF;

  -- Of the newest snapshot up to the floor, what is older goes, and the steps that lead to it.
  IF cardinality(floor_of) > 0 THEN
    WITH base AS MATERIALIZED (
      SELECT ids[f.head] AS actor, s.revision
      FROM unnest(floor_of, floor_revision) AS f (head, revision),
           LATERAL (SELECT t.revision FROM onager.snapshots AS t
                    WHERE t.actor = ids[f.head] AND t.revision <= f.revision
                    ORDER BY t.revision DESC LIMIT 1) AS s
      WHERE ids[f.head] > 0
    ), older AS (
      DELETE FROM onager.snapshots AS t USING base AS b WHERE t.actor = b.actor AND t.revision < b.revision
    )
    DELETE FROM onager.log AS t USING base AS b WHERE t.actor = b.actor AND t.revision <= b.revision;
  END IF;
  SELECT array_agg(c.id) INTO ended FROM unnest(ids, flags) AS c (id, flags) WHERE c.flags & 1 <> 0 AND c.id > 0;
  IF ended IS NOT NULL THEN
    DELETE FROM onager.log AS t USING unnest(ended) AS e (id) WHERE t.actor = e.id;
    DELETE FROM onager.snapshots AS t USING unnest(ended) AS e (id) WHERE t.actor = e.id;
    DELETE FROM onager.calls AS t USING unnest(ended) AS e (id) WHERE t.actor = e.id;
    DELETE FROM onager.reminders AS t USING unnest(ended) AS e (id) WHERE t.actor = e.id;
    DELETE FROM onager.state_json AS t USING unnest(ended) AS e (id) WHERE t.actor = e.id;
  END IF;

  UPDATE onager.edits AS e
    SET ended_at = clock_timestamp(), outcome = 'done', message = NULL, revision = c.revision
    FROM unnest(ids, edits, revisions) AS c (id, edit, revision)
    WHERE c.edit <> 0 AND c.id > 0 AND e.id = c.edit;

  UPDATE onager.writers
    SET seq = batch, result_before = result, result = refused, seen_at = now()
    WHERE id = writer AND generation = writer_generation AND seq = batch - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this batch comes too late' USING ERRCODE = 'ON001';
  END IF;
  RETURN refused;
END $$;
)sql";

// States as JSON, for those who use SQL: they read the view and change it, which asks for an edit that a
// process makes. docs/stores.md promises what stands here.
const char* const kJsonSql = R"sql(
CREATE TABLE onager.state_json (
  actor bigint PRIMARY KEY,
  epoch bigint NOT NULL,
  revision bigint NOT NULL,
  state jsonb,
  note text,
  written_at timestamptz NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE onager.edits (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  type text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  state jsonb,               -- Null: the actor is to be destroyed.
  expected_epoch bigint,     -- Null: any will do.
  expected_revision bigint,  -- Null: any will do. 0 of any epoch: there must be none.
  asked_at timestamptz NOT NULL DEFAULT now(),
  asked_by text NOT NULL DEFAULT session_user,
  taken_at timestamptz,
  taken_by uuid,
  ended_at timestamptz,
  outcome text,  -- 'done' or 'refused'
  message text,  -- Why it was refused, or could not be made yet.
  revision bigint
);
CREATE INDEX edits_open ON onager.edits (type, key, id) WHERE ended_at IS NULL;
CREATE INDEX edits_ended ON onager.edits (ended_at) WHERE ended_at IS NOT NULL;

CREATE FUNCTION onager.notify_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('onager', '');
  RETURN NULL;
END $$;
CREATE TRIGGER notify_edit AFTER INSERT ON onager.edits
  FOR EACH STATEMENT EXECUTE FUNCTION onager.notify_edit();

CREATE FUNCTION onager.set_state(
  type text, key text, state jsonb, expected_revision bigint DEFAULT NULL, expected_epoch bigint DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  edit bigint;
BEGIN
  IF state IS NULL OR jsonb_typeof(state) <> 'object' THEN
    RAISE EXCEPTION 'a state is a JSON object' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO onager.edits AS e (type, key, state, expected_epoch, expected_revision)
    VALUES (set_state.type, set_state.key, set_state.state, set_state.expected_epoch, set_state.expected_revision)
    RETURNING e.id INTO edit;
  RETURN edit;
END $$;

CREATE FUNCTION onager.destroy(
  type text, key text, expected_revision bigint DEFAULT NULL, expected_epoch bigint DEFAULT NULL)
RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO onager.edits (type, key, expected_epoch, expected_revision)
    VALUES (destroy.type, destroy.key, destroy.expected_epoch, destroy.expected_revision) RETURNING id;
$$;

CREATE PROCEDURE onager.await_edit(edit bigint, at_most interval DEFAULT '10 s') LANGUAGE plpgsql AS $$
DECLARE
  deadline constant timestamptz := clock_timestamp() + at_most;
  asked record;
BEGIN
  LOOP
    COMMIT;  -- What is asked for in this transaction can be seen from now on, and what others do in this.
    SELECT e.outcome, e.message INTO asked FROM onager.edits AS e WHERE e.id = edit;
    IF NOT FOUND THEN RAISE EXCEPTION 'there is no edit %', edit USING ERRCODE = 'no_data_found'; END IF;
    EXIT WHEN asked.outcome = 'done';
    IF asked.outcome = 'refused' THEN
      RAISE EXCEPTION 'the edit was refused: %', asked.message USING ERRCODE = 'check_violation';
    END IF;
    IF clock_timestamp() > deadline THEN
      RAISE EXCEPTION 'no process has made the edit % yet%', edit, coalesce(': ' || asked.message, '')
        USING ERRCODE = 'query_canceled';
    END IF;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $$;

CREATE VIEW onager.actors_json AS
  SELECT a.type, a.key, a.revision, j.state, j.revision AS state_revision, j.note, j.written_at, a.epoch
  FROM onager.actors AS a LEFT JOIN onager.state_json AS j ON j.actor = a.id AND j.epoch = a.epoch
  WHERE NOT a.destroyed;

CREATE FUNCTION onager.edit_json() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM onager.destroy(OLD.type, OLD.key, OLD.revision, OLD.epoch);
    RETURN OLD;
  END IF;
  IF TG_OP = 'INSERT' THEN
    PERFORM onager.set_state(NEW.type, NEW.key, NEW.state, 0);
    RETURN NEW;
  END IF;
  IF NEW.type <> OLD.type OR NEW.key <> OLD.key THEN
    RAISE EXCEPTION 'an actor keeps its type and key' USING ERRCODE = 'feature_not_supported';
  END IF;
  -- What was read is what is changed, and nothing newer.
  IF NEW.state IS DISTINCT FROM OLD.state THEN
    PERFORM onager.set_state(
      NEW.type, NEW.key, NEW.state, coalesce(OLD.state_revision, OLD.revision), OLD.epoch);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER edit_json INSTEAD OF INSERT OR UPDATE OR DELETE ON onager.actors_json
  FOR EACH ROW EXECUTE FUNCTION onager.edit_json();
)sql";

}  // namespace onager::store::postgres
