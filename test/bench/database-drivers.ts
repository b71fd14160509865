/**
 * What a statement costs in the process that asks: `pg`, `postgres` and our own pool over `pg`,
 * interleaved, the asking process on one core and PostgreSQL on the other. Run it with
 * `node test/bench/database-drivers.ts [ROUNDS] [CASE]`, where CASE is a part of a case's name.
 */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPostgres } from '@headgate/postgres-server';
import pg from 'pg';
import type { DriverCost } from './database-driver-client.ts';
import { formatTable } from './table.ts';

const ROW = 'SELECT id, name, price, stock, created_at FROM item WHERE id = $1';
const PAGE =
  'SELECT id, name, price, stock, created_at FROM item WHERE id >= $1 ORDER BY id LIMIT 50';
const CASES = [
  { name: 'one row, one at a time', text: ROW, concurrency: 1, queries: 12_000 },
  { name: 'one row, 10 at once', text: ROW, concurrency: 10, queries: 20_000 },
  { name: 'one row, 64 at once', text: ROW, concurrency: 64, queries: 20_000 },
  { name: '50 rows, 64 at once', text: PAGE, concurrency: 64, queries: 6_000 },
];
const DRIVERS = ['pg pool', 'pg pipeline', 'postgres.js', 'headgate'];
const TABLE = `CREATE TABLE item AS
  SELECT id, 'item ' || id AS name, id * 1.5::float8 AS price, id % 7 AS stock, now() AS created_at
  FROM generate_series(1, 2000) AS id;
  ALTER TABLE item ADD PRIMARY KEY (id); ANALYZE item;`;
const CLIENT_CORE = '0';
const SERVER_CORE = '1';

const run = promisify(execFile);

type Case = (typeof CASES)[number];

async function measure(driver: string, { text, concurrency, queries }: Case): Promise<DriverCost> {
  const program = join(import.meta.dirname, 'database-driver-client.ts');
  const args = [program, driver, server.url, text, String(concurrency), String(queries)];
  const { stdout } = await run('taskset', ['-c', CLIENT_CORE, process.execPath, ...args]);
  return JSON.parse(stdout) as DriverCost;
}

/** Of an odd or even number of figures; NaN of none. */
function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2;
}

const [rounds = '5', wanted = ''] = process.argv.slice(2);
await using server = await startPostgres();
const client = new pg.Client(server.url);
await client.connect();
await client.query(TABLE);
await client.end();
// What the server starts from now on is on this core too.
execFileSync('taskset', ['-acp', SERVER_CORE, String(server.primary.pid)], { stdio: 'ignore' });

for (const one of CASES.filter(({ name }) => name.includes(wanted))) {
  const costs = new Map<string, DriverCost[]>(DRIVERS.map((driver) => [driver, []]));
  for (let round = 0; round < Number(rounds); round++) {
    for (const driver of DRIVERS) {
      costs.get(driver)?.push(await measure(driver, one));
    }
  }
  const first = medianCost(one, costs.get(DRIVERS[0] as string) ?? []);
  const rows = [...costs].map(([driver, all]) => {
    const { userUs, systemUs, perSecond } = medianCost(one, all);
    const ratio = (userUs + systemUs) / (first.userUs + first.systemUs);
    return [
      driver,
      (userUs + systemUs).toFixed(1),
      userUs.toFixed(1),
      systemUs.toFixed(1),
      ratio.toFixed(2),
      perSecond.toFixed(0),
    ];
  });
  console.log(`\n${one.name} (CPU of the asking process per statement)\n`);
  console.log(formatTable(['driver', 'µs', 'user', 'system', 'ratio', 'per second'], rows));
}

function medianCost({ queries }: Case, costs: readonly DriverCost[]) {
  return {
    userUs: median(costs.map(({ userUs }) => userUs / queries)),
    systemUs: median(costs.map(({ systemUs }) => systemUs / queries)),
    perSecond: median(costs.map(({ elapsedMs }) => (queries * 1000) / elapsedMs)),
  };
}
