/** A real PostgreSQL with replicas from npm packages alone, for development and tests. */
export type { PostgresInstance } from './instance.ts';
export type { StopMode } from './postmaster.ts';
export {
  mayKeepIn,
  type PostgresOptions,
  type PostgresServer,
  startPostgres,
} from './start-postgres.ts';
