/**
 * One driver under measure, in a process of its own: asks a database so many times, and writes what
 * that cost to standard output as JSON. It counts queries and not seconds, so that a busy machine
 * makes it slow and not cold.
 */
import { createDatabase } from '@headgate/origin/db';
import pg from 'pg';
import postgres from 'postgres';

/** What the process writes. */
export interface DriverCost {
  /** Of this process alone, in microseconds. */
  readonly userUs: number;
  readonly systemUs: number;
  readonly elapsedMs: number;
}

/** Runs one statement and resolves with its rows. */
type Ask = (text: string, value: number) => Promise<readonly object[]>;

interface Driver {
  readonly ask: Ask;
  close(): Promise<unknown>;
}

const CONNECTIONS = 10;

const DRIVERS: Readonly<Record<string, (url: string) => Promise<Driver>>> = {
  async 'pg pool'(url) {
    const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
    return {
      ask: async (text, value) => (await pool.query({ name: text, text, values: [value] })).rows,
      close: () => pool.end(),
    };
  },
  async 'pg pipeline'(url) {
    const clients = Array.from(
      { length: CONNECTIONS },
      () => new pg.Client({ connectionString: url, pipeline: true }),
    );
    await Promise.all(clients.map((client) => client.connect()));
    let turn = 0;
    return {
      async ask(text, value) {
        const client = clients[turn++ % CONNECTIONS] as pg.Client;
        return (await client.query({ name: text, text, values: [value] })).rows;
      },
      close: () => Promise.all(clients.map((client) => client.end())),
    };
  },
  async 'postgres.js'(url) {
    const sql = postgres(url, { max: CONNECTIONS });
    return {
      ask: (text, value) => sql.unsafe(text, [value], { prepare: true }),
      close: () => sql.end(),
    };
  },
  async headgate(url) {
    const database = createDatabase({ url, pool: { poolSize: CONNECTIONS, maxOverflow: 0 } });
    return {
      ask: (text, value) => database.query(text, [value]),
      close: () => database.close(),
    };
  },
};

const [driverName = '', url = '', text = '', concurrency = '', count = ''] = process.argv.slice(2);
const createDriver = DRIVERS[driverName];
if (!createDriver) throw new Error(`no driver ${driverName}: ${Object.keys(DRIVERS).join(', ')}`);
const driver = await createDriver(url);

/** Asks so many times, from so many places at once. */
async function askTimes(queries: number): Promise<void> {
  let asked = 0;
  const askInTurn = async () => {
    while (asked < queries) {
      asked++;
      const rows = await driver.ask(text, 1 + (asked % 1000));
      if (rows.length === 0) throw new Error(`${driverName} answered ${text} without rows`);
    }
  };
  await Promise.all(Array.from({ length: Number(concurrency) }, askInTurn));
}

await askTimes(Number(count) / 2);
const before = process.cpuUsage();
const startedMs = performance.now();
await askTimes(Number(count));
const elapsedMs = performance.now() - startedMs;
const { user: userUs, system: systemUs } = process.cpuUsage(before);
await driver.close();
process.stdout.write(JSON.stringify({ userUs, systemUs, elapsedMs } satisfies DriverCost));
