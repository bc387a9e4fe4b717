import { number } from './describe-figure.ts'
import type { Figure } from './figure.ts'
import { marksOf } from './marks.ts'
import { plotsOf } from './plots.ts'
import type { Results } from './results.ts'

const names: Record<string, string> = { sqlite: 'SQLite', postgresql: 'PostgreSQL', mysql: 'MariaDB', import: 'Import' }

/**
 * The page that tells all results.
 *
 * @param folder - where the plots are, as seen from the page; with a slash at its end
 */
export function benchmarksPage(all: readonly Results[], folder: string): string {
  return [
    introduction(all),
    marksSection(all),
    reasons,
    method,
    contenders,
    ...all.map((results) => resultsSection(results, folder)),
  ].join('\n')
}

function introduction(all: readonly Results[]): string {
  const quick = all.filter((results) => results.isQuick).map(({ name }) => names[name] ?? name)
  return `# Benchmarks

What this package costs beside the same statements written bare with Prisma, beside the raw driver, and beside what else there is.
This page is written by the program that measures. It sets up its own databases, fills them, and leaves nothing behind:

\`\`\`sh
npm run bench                                    # everything, about 13 minutes a database
npm run bench -- --database postgresql --quick   # one database, smaller tables, into bench/quick
\`\`\`
${quick.length > 0 ? `\nOf a quick run, with few rounds on small tables: ${quick.join(', ')}.\n` : ''}
Trust the ratios, and not the figures themselves: those say as much of the machine as of the code. Those of one case were measured in turns
in one process, so that whatever else the machine did met all of them. Results of different databases are of different runs.

| run | date | machine | its load at the end | version | settings |
|---|---|---|--:|---|---|
${all.map(describeRun).join('\n')}

${packageVersions(all)}
`
}

function describeRun({ name, date, machine, load, versions, settings }: Results): string {
  const database = Object.entries(versions).find(([key]) => key === 'database')?.[1] ?? ''
  return `| ${names[name] ?? name} | ${date.slice(0, 16).replace('T', ' ')} UTC | ${machine} | ${load} | ${database} | ${settings} |`
}

function packageVersions(all: readonly Results[]): string {
  const versions = Object.assign({}, ...all.map((results) => results.versions)) as Record<string, string>
  const list = Object.entries(versions).filter(([key]) => key !== 'database')
  return `With ${list.map(([name, version]) => `${name} ${version}`).join(', ')}.`
}

function marksSection(all: readonly Results[]): string {
  const rows = all.flatMap((results) => marksOf(results.name, results.figures))
  const lines = rows.map(
    ({ database, what, need, measured, isMet }) =>
      `| ${names[database] ?? database} | ${what} | ${need} | ${measured} | ${isMet ? 'yes' : '**no**'} |`,
  )
  return `## Marks

What the package is held to, the measured value at its worst over all tables it was measured on, and whether that is enough.
The marks were set before anything was measured, and those that are missed stay here.

| database | what | mark | measured | met |
|---|---|---|--:|---|
${lines.join('\n')}
`
}

const reasons = `### What stands in the way of those that are missed

- **A touch by itself** waits for one turn of the event loop, in which others may join it, checks its input and hashes the key: some 20 µs on SQLite and 50 on the servers, most of
  which it makes good by reading with \`findMany\`, which Prisma answers sooner than \`findUnique\`. A write costs a look-up in \`Session\` besides, since a session may have been
  created to end sooner than the policy says now: half of what it takes more on the servers, where PostgreSQL plans it anew each time unless it has a name. On better-sqlite3, where
  all callers have one connection, it costs a transaction too: without one, a touch that was answered is lost when somebody else's transaction rolls back. The pair that
  takes care of that as well is among the contenders.
- **Many touches at once** are answered with rows, as Prisma makes them: its share of the time is larger than the database's, and the raw driver has none of it. Nor is the
  bare \`findUnique\` as alone as it looks: Prisma answers those of one tick by one statement. How many it does when it is handed a hundred ready sessions in one call, with nobody
  to answer, is among the contenders ("of all"): in large tables that misses the same marks. A touch that
  reads and then writes through Prisma cannot do more.
- **Touches on the largest table** meet rows that lie on pages of their own, in two tables and their indexes, so that a row costs the database more, whoever asks for it: the
  raw driver's own batches gain less there, too. A batch is worked off by one connection; the bare calls, on the servers, by ten. Batches on two at once were no faster, and
  those that write were slower.
- **A list in the largest table on SQLite** takes as much longer as its bare query does: the rows lie on pages of their own, of which a connection keeps 16 MB.
- **A sign-in** finds the place of an address that was not seen before: fast-geoip reads four files for that, in a thread of its own. What the rest costs is
  told by "without a place".
- **A purge on SQLite** shares its thread with everybody else, who wait for as long as one of its batches takes, most of which is the commit. The loop that is faster removes by one statement
  what is found by two here, since a touch that is under way is to win. On PostgreSQL that loop is the slowest.
- **Others'** sign-ins write one row instead of two, and leave out what the table of them says.
`

const method = `## How it was measured

- **What is measured** is the build in \`dist/\`, as npm would ship it, with the adapters better-sqlite3, pg and mariadb, on a database in the same machine. A
  network between them would add the same to every statement, and so make fewer statements worth more.
- **Under way** are so many calls at once: each of so many loops begins its next call when the one before was answered. One process, one Prisma
  client, one event loop, and the connections that the adapter opens by itself. SQLite answers within a turn of that loop; there, each call that is alone begins in a turn of
  its own, as a request does: who never lets the loop turn leaves to others what is done in turns, garbage among it.
- **In turns.** In a round every contender of a case runs for the time that is given below. The order changes from round to round, and the first round
  does not count. A figure is the median of the rounds, with the quartiles beside it; p99 is of all single calls of all rounds.
- **The tables** hold sessions of users who have 20 each: 10 live, 4 expired and 6 that were ended. One user has 10,000 live ones on top, in tables
  of 100,000 rows and more. The rows of a user lie apart, as they do where many sign in. Statistics were gathered after filling, and on PostgreSQL all rows were
  written again first, a tenth at a time: a table that was just filled has no room in its pages, and each first touch moves a row to another one.
- **A touch** goes to live sessions in random order, never to the same one twice at a time. Nobody passes a time, so that every call reads the clock. "Write
  due" is a policy by which a touch a millisecond after the one before is due; "nothing due" one by which none is. Real traffic is between the two: by default
  a session is written once a minute at most.
- **The raw driver** does the same reads and writes with prepared statements and no Prisma: row by row, or as many rows as calls are under way with one
  statement, or in one transaction. It checks nothing and makes no objects, and it is given its rows at once where calls come one by one. Nothing that
  stands on it can be faster.
- **Of all** is bare Prisma that is given its rows at once, too: what touches that read and then write could come to, if sharing statements cost nothing.
- **Statements named**: a client of PostgreSQL whose connections plan a statement once, [as the README has it](README.md#databases). All other clients are as their adapters open them.
- **Every call is checked**: one that found no row or wrote none ends the run.
- **The import** is that of a process that is new each time and imports nothing else.
- **Rows that a case adds** are removed before the next one.
- **\`NODE_ENV\` is \`production\`**, as where it matters how fast an application is. Otherwise Prisma looks up its caller at each statement, for the code that its messages
  show, which costs whoever sends them one by one the most.
- **The databases** are set up as in production, which the settings above say: each commit is on the servers' disk before it is answered, and a million sessions find room in their
  memory. SQLite writes ahead and syncs at checkpoints, as better-sqlite3 has it.
`

const contenders = `## Who else

What other choices do on a request of somebody who is signed in, and at a sign-in, on tables of the same size in the same database. They are
not the same thing: none of them keeps all that this package promises, and each is faster for whatever it leaves out.

| | on a request | at a sign-in | what it does not do |
|---|---|---|---|
| by hand | \`findUnique\`, then \`update\`, each time | one \`create\` | Writes on each request. Fails with an error where the row was removed between the two, and lets an earlier request overwrite a later one's activity. No history, no place, no device |
| better-auth | \`auth.api.getSession\`: checks the cookie's signature, reads the session, reads the user; \`update\` when it is due, which is once a day by default and, where a write is due here, each time (\`updateAge: 0\`) | \`internalAdapter.createSession\`: one row | Keeps the token itself in the table. One expiry that use moves on, without an absolute end. A session that ends is removed, without history. The user agent as it came; no place, no device |
| lucia | \`validateSession\`: reads session and user with one call; \`update\` past half of the session's life | \`createSession\`: one row | Keeps the session id itself in the table. Last activity is not recorded. No absolute end, no history; address and device are the application's to add. No longer maintained |
| prisma-session-store | \`get\` and \`touch\`, as express-session calls them on each request: two reads and an \`update\` of all data | \`set\`: one read, one \`create\` | Writes on each request. Keeps the session id itself in the table. Data that another request saved between the two is overwritten by the older, and a \`set\` after a sign-out brings the session back. Knows no user: no list, no revoking |

For better-auth the cookie's signature is part of what is measured, since \`getSession\` cannot be called without; hashing of passwords is not part of any of these.
`

function resultsSection({ name, figures, rounds, milliseconds, command }: Results, folder: string): string {
  const cases = [...new Set(figures.map((figure) => figure.case))]
  const plots = plotsOf({ name, figures }).map(({ file, title }) => `![${title}](${folder}${file})`)
  const time = milliseconds === undefined ? '' : `, ${milliseconds} ms for each contender in a round`
  return [
    `## ${names[name] ?? name}`,
    '',
    `\`${command}\`: ${rounds} rounds${time}.`,
    '',
    ...plots,
    '',
    ...cases.map((one) =>
      caseTable(
        one,
        figures.filter((figure) => figure.case === one),
      ),
    ),
  ].join('\n')
}

function caseTable(name: string, figures: readonly Figure[]): string {
  const lines = figures.map(({ rows, underWay, contender, unit, median, low, high, p99, beside, ratio }) =>
    [
      rows === undefined ? '' : number(rows),
      underWay ?? '',
      contender,
      `${number(median)} ${unit}`,
      `${number(low)} to ${number(high)}`,
      p99 === undefined ? '' : number(p99),
      ratio === undefined ? '' : `${ratio.toFixed(2)} × ${beside}`,
    ].join(' | '),
  )
  return `### ${name}

| rows | under way | | median | quartiles | p99, ms | ratio |
|--:|--:|---|--:|--:|--:|---|
${lines.map((line) => `| ${line} |`).join('\n')}
`
}
