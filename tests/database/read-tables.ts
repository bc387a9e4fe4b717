import { inspect } from 'node:util'
import type { Database } from './open-database.ts'

/** A column, an index or a key of a table, in words that are the same on every database. */
export type Part = Readonly<Record<string, string | null>>

/** What each database calls the types of the schema. */
const types: Readonly<Record<string, string>> = {
  INTEGER: 'int',
  TEXT: 'text',
  JSONB: 'json',
  DATETIME: 'date',
  integer: 'int',
  text: 'text',
  jsonb: 'json',
  'timestamp(3) without time zone': 'date',
  int: 'int',
  'int(11)': 'int',
  'varchar(191) utf8mb4': 'text',
  json: 'json',
  // What MariaDB makes of it.
  'longtext utf8mb4': 'json',
  'datetime(3)': 'date',
}

const sqlite = [
  `SELECT t.name AS "table", c.name AS "column", c.type AS type, iif(c."notnull", 'not null', 'null') AS nullability,
    iif(c.pk AND t.sql LIKE '%AUTOINCREMENT%', 'autoincrement', c.dflt_value) AS "default"
  FROM sqlite_master t, pragma_table_xinfo(t.name) c
  WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`,
  // A primary key has no name there, and one that is an integer no index either.
  `SELECT t.name AS "table", t.name || '_pkey' AS name, 'primary key' AS kind,
    group_concat(c.name, ', ' ORDER BY c.pk) AS "columns"
  FROM sqlite_master t, pragma_table_xinfo(t.name) c
  WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c.pk > 0
  GROUP BY t.name`,
  `SELECT t.name AS "table", i.name AS name,
    iif(i.partial, 'partial ', '') || iif(i."unique", 'unique index', 'index') AS kind,
    group_concat(c.name || iif(c.desc, ' desc', ''), ', ' ORDER BY c.seqno) AS "columns"
  FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) c
  WHERE t.type = 'table' AND i.origin <> 'pk' AND c.key
  GROUP BY t.name, i.name`,
  // The name is in the statement that made the table, and nowhere else.
  `SELECT t.name AS "table", t.sql AS name, 'foreign key' AS kind,
    group_concat(f."from", ', ' ORDER BY f.seq) AS "columns", f."table" AS target,
    group_concat(f."to", ', ' ORDER BY f.seq) AS targets,
    f.on_delete AS "onDelete", f.on_update AS "onUpdate"
  FROM sqlite_master t, pragma_foreign_key_list(t.name) f
  WHERE t.type = 'table'
  GROUP BY t.name, f.id`,
]
const postgresql = [
  `SELECT t.relname::text AS "table", c.attname::text AS "column", format_type(c.atttypid, c.atttypmod) AS type,
    CASE WHEN c.attnotnull THEN 'not null' ELSE 'null' END AS nullability,
    regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^nextval\\(.*', 'autoincrement') AS "default"
  FROM pg_class t
  JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = c.attnum
  WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace`,
  `SELECT t.relname::text AS "table", c.relname::text AS name,
    CASE WHEN i.indpred IS NULL THEN '' ELSE 'partial ' END
      || CASE WHEN i.indisprimary THEN 'primary key' WHEN i.indisunique THEN 'unique index' ELSE 'index' END AS kind,
    string_agg(
      trim('"' FROM pg_get_indexdef(c.oid, position, true))
        || CASE i.indoption[position - 1] & 1 WHEN 1 THEN ' desc' ELSE '' END,
      ', ' ORDER BY position
    ) AS "columns"
  FROM pg_index i
  JOIN pg_class t ON t.oid = i.indrelid AND t.relnamespace = current_schema()::regnamespace
  JOIN pg_class c ON c.oid = i.indexrelid,
  generate_series(1, i.indnatts) position
  GROUP BY t.oid, c.oid, i.indexrelid`,
  `SELECT f.table_name::text AS "table", f.constraint_name::text AS name, 'foreign key' AS kind,
    string_agg(f.column_name, ', ' ORDER BY f.ordinal_position) AS "columns",
    t.table_name::text AS target, string_agg(t.column_name, ', ' ORDER BY f.ordinal_position) AS targets,
    r.delete_rule::text AS "onDelete", r.update_rule::text AS "onUpdate"
  FROM information_schema.referential_constraints r
  JOIN information_schema.key_column_usage f USING (constraint_schema, constraint_name)
  JOIN information_schema.key_column_usage t ON t.constraint_schema = r.unique_constraint_schema
    AND t.constraint_name = r.unique_constraint_name AND t.ordinal_position = f.position_in_unique_constraint
  WHERE r.constraint_schema = current_schema()
  GROUP BY f.table_name, f.constraint_name, t.table_name, r.delete_rule, r.update_rule`,
]
const mysql = [
  `SELECT table_name AS \`table\`, column_name AS \`column\`, concat_ws(' ', column_type, character_set_name) AS type,
    if(is_nullable = 'YES', 'null', 'not null') AS nullability,
    nullif(concat_ws(' ', nullif(column_default, 'NULL'), nullif(replace(extra, 'auto_', 'auto'), '')), '') AS \`default\`
  FROM information_schema.columns
  WHERE table_schema = database()`,
  // Every primary key is called PRIMARY there.
  `SELECT table_name AS \`table\`, if(index_name = 'PRIMARY', concat(table_name, '_pkey'), index_name) AS name,
    CASE WHEN index_name = 'PRIMARY' THEN 'primary key' WHEN non_unique THEN 'index' ELSE 'unique index' END AS kind,
    group_concat(
      concat(column_name, if(collation = 'D', ' desc', ''), if(sub_part IS NULL, '', concat('(', sub_part, ')')))
      ORDER BY seq_in_index SEPARATOR ', '
    ) AS \`columns\`
  FROM information_schema.statistics
  WHERE table_schema = database()
  GROUP BY table_name, index_name, non_unique`,
  `SELECT f.table_name AS \`table\`, f.constraint_name AS name, 'foreign key' AS kind,
    group_concat(f.column_name ORDER BY f.ordinal_position SEPARATOR ', ') AS \`columns\`,
    f.referenced_table_name AS target,
    group_concat(f.referenced_column_name ORDER BY f.ordinal_position SEPARATOR ', ') AS targets,
    r.delete_rule AS \`onDelete\`, r.update_rule AS \`onUpdate\`
  FROM information_schema.referential_constraints r
  JOIN information_schema.key_column_usage f USING (constraint_schema, constraint_name, table_name)
  WHERE constraint_schema = database()
  GROUP BY f.table_name, f.constraint_name, f.referenced_table_name, r.delete_rule, r.update_rule`,
]
const queries = { 'better-sqlite3': sqlite, libsql: sqlite, postgresql, mysql }

/** The columns, indexes and keys of all tables as the database itself describes them, in the order of {@link sorted}. */
export async function readTables({ driver, prisma }: Pick<Database, 'driver' | 'prisma'>): Promise<Part[]> {
  const parts: Part[] = []
  for (const sql of queries[driver]) parts.push(...(await prisma.$queryRawUnsafe<Part[]>(sql)))
  return sorted(parts.map(inWords))
}

function inWords({ type, name, ...part }: Part): Part {
  if (typeof type === 'string') return { ...part, type: types[type] ?? type }
  // The last word in quotes before the key, where this is a statement.
  const [before = ''] = name!.split(` FOREIGN KEY ("${part.columns!.replaceAll(', ', '", "')}")`)
  return { ...part, name: before.split('"').at(-2) ?? name! }
}

/** In an order of their own, since databases have none. */
export function sorted(parts: readonly Part[]): Part[] {
  const textOf = (part: Part): string => inspect(part, { sorted: true, breakLength: Infinity })
  return parts.toSorted((one, other) => (textOf(one) < textOf(other) ? -1 : 1))
}
