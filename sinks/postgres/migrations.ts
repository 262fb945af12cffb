/**
 * What the schema looks like, as numbered steps. A step that was released is never changed: its checksum is on record, and
 * another text under the same number is refused. Names are bare; each step runs with the schema as its search path.
 *
 * Two kinds of columns: those that follow from events, and those that people set. Which of its columns a person has changed a
 * row says itself, in `people_set`, by a trigger that does nothing when `parapet.writer` is set. The sinks never touch those
 * columns again, and a rebuild carries them over.
 */
export interface Migration {
  number: number;
  name: string;
  sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    name: 'positions',
    sql: `
CREATE TABLE parapet_positions (
  sink text NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  PRIMARY KEY (sink, partition)
);
COMMENT ON TABLE parapet_positions IS 'Up to where each sink has counted; advanced in the transaction that counts.';
CREATE TABLE parapet_gaps (
  sink text NOT NULL,
  partition integer NOT NULL,
  first_offset bigint NOT NULL,
  last_offset bigint NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sink, partition, first_offset)
);
COMMENT ON TABLE parapet_gaps IS 'Offsets below the position that were not counted: refused, not decodable, or not there.';`,
  },
  {
    number: 2,
    name: 'tables',
    sql: `
CREATE TABLE agents (
  org text NOT NULL,
  agent_id text NOT NULL,
  first_seen timestamptz,
  last_seen timestamptz,
  interactions bigint NOT NULL DEFAULT 0,
  threats bigint NOT NULL DEFAULT 0,
  last_vendor text,
  last_model text,
  last_model_at timestamptz,
  last_model_event text,
  name text,
  type text,
  owner text,
  purpose text,
  declared_at timestamptz,
  is_shadow_ai boolean GENERATED ALWAYS AS (declared_at IS NULL) STORED,
  people_set text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (org, agent_id)
) WITH (fillfactor = 70);
CREATE TABLE models (
  vendor text NOT NULL,
  model_name text NOT NULL,
  discovered_at timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  interactions bigint NOT NULL DEFAULT 0,
  input_tokens numeric NOT NULL DEFAULT 0,
  output_tokens numeric NOT NULL DEFAULT 0,
  cost_usd numeric NOT NULL DEFAULT 0,
  PRIMARY KEY (vendor, model_name)
) WITH (fillfactor = 50);
CREATE TABLE users (
  org text NOT NULL,
  user_id text NOT NULL,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  interactions bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (org, user_id)
) WITH (fillfactor = 70);
CREATE TABLE violations (
  id uuid PRIMARY KEY,
  org text NOT NULL,
  agent_id text NOT NULL,
  user_id text,
  source text NOT NULL CHECK (source IN ('policy', 'threat')),
  rule text NOT NULL,
  effect text NOT NULL,
  severity text NOT NULL,
  description text NOT NULL,
  interaction_id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  remediated boolean NOT NULL DEFAULT false,
  remediated_at timestamptz,
  people_set text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX violations_by_time ON violations (org, occurred_at);
CREATE INDEX violations_open ON violations (org, occurred_at) WHERE NOT remediated;
CREATE INDEX violations_touched ON violations (id) WHERE people_set <> '{}';
CREATE TABLE incidents (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  org text NOT NULL,
  agent_id text NOT NULL,
  threat_type text NOT NULL,
  title text NOT NULL,
  description text,
  severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'acknowledged', 'resolved')),
  threats bigint NOT NULL DEFAULT 0,
  first_seen timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  assigned_to text,
  resolved_at timestamptz,
  people_set text[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 70);
CREATE INDEX incidents_by_key ON incidents (org, agent_id, threat_type, last_seen);
CREATE INDEX incidents_unresolved ON incidents (org, last_seen) WHERE status <> 'resolved';
CREATE INDEX incidents_touched ON incidents (id) WHERE people_set <> '{}';`,
  },
  {
    number: 3,
    name: 'what people set',
    sql: `
CREATE FUNCTION note_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('parapet.writer', true), '') <> '' THEN
    RETURN NEW;
  ELSIF TG_OP = 'INSERT' THEN
    NEW.people_set := '{inserted}';
    RETURN NEW;
  END IF;
  NEW.people_set := ARRAY(
    SELECT unnest(OLD.people_set)
    UNION
    SELECT n.key FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key)
    WHERE n.value IS DISTINCT FROM o.value AND n.key NOT IN ('people_set', 'is_shadow_ai')
    ORDER BY 1
  );
  RETURN NEW;
END $$;
CREATE FUNCTION note_resolution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'resolved' THEN
    NEW.resolved_at := NULL;
  ELSIF NEW.resolved_at IS NULL THEN
    NEW.resolved_at := now();
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION note_remediation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT NEW.remediated THEN
    NEW.remediated_at := NULL;
  ELSIF NEW.remediated_at IS NULL THEN
    NEW.remediated_at := now();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER a_resolution BEFORE INSERT OR UPDATE OF status, resolved_at ON incidents FOR EACH ROW EXECUTE FUNCTION note_resolution();
CREATE TRIGGER a_remediation BEFORE INSERT OR UPDATE OF remediated, remediated_at ON violations FOR EACH ROW EXECUTE FUNCTION note_remediation();
CREATE TRIGGER b_people BEFORE INSERT OR UPDATE ON incidents FOR EACH ROW EXECUTE FUNCTION note_people();
CREATE TRIGGER b_people BEFORE INSERT OR UPDATE ON violations FOR EACH ROW EXECUTE FUNCTION note_people();
CREATE TRIGGER b_people BEFORE INSERT OR UPDATE ON agents FOR EACH ROW EXECUTE FUNCTION note_people();`,
  },
  {
    number: 4,
    name: 'verdicts',
    sql: `
CREATE TABLE verdicts (
  verdict_id text PRIMARY KEY,
  org text NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor text NOT NULL,
  verdict text NOT NULL,
  threat_id text,
  interaction_id text NOT NULL,
  subject text NOT NULL,
  layer text NOT NULL,
  rule_id text NOT NULL,
  threat_type text NOT NULL,
  direction text NOT NULL,
  path text NOT NULL,
  note text NOT NULL,
  threat_at timestamptz,
  violation_id uuid
);
COMMENT ON COLUMN verdicts.violation_id IS 'The row of violations that its threat has, or gets, when it was blocked.';
CREATE INDEX verdicts_by_subject ON verdicts (org, subject);
CREATE INDEX verdicts_by_threat ON verdicts (threat_id, occurred_at);
CREATE INDEX verdicts_by_time ON verdicts (occurred_at);
CREATE VIEW verdicts_holding AS SELECT * FROM (
  SELECT DISTINCT ON (threat_id, CASE WHEN threat_id IS NULL THEN interaction_id END) * FROM verdicts
  ORDER BY threat_id, CASE WHEN threat_id IS NULL THEN interaction_id END, occurred_at DESC, verdict_id COLLATE "C" DESC
) newest WHERE verdict <> 'withdrawn';
COMMENT ON VIEW verdicts_holding IS 'Of each threat, and of each interaction in which an attack was missed, the newest verdict, unless it was withdrawn.';
CREATE VIEW violations_judged AS SELECT v.*, j.verdict, j.verdict = 'false_positive' AS false_positive,
  j.actor AS judged_by, j.occurred_at AS judged_at, j.note
FROM violations v LEFT JOIN verdicts_holding j ON j.violation_id = v.id;`,
  },
];
