// Owns what the database kit fails with: one error, and its kinds.
import { HttpProblem, type ProblemSide } from '../problem.ts';

/**
 * What went wrong.
 *
 * | kind | meaning |
 * |---|---|
 * | `unreachable` | no connection could be made, or the server takes none |
 * | `broken` | the connection ended while a statement was under way |
 * | `pool-timeout` | no connection became free in time |
 * | `timeout` | the statement took too long and was cancelled on the server |
 * | `cancelled` | an operator cancelled the statement |
 * | `constraint` | the row is not allowed: unique, foreign key, check, not null, exclusion |
 * | `serialization` | another transaction was in the way: deadlock, conflict, lock not available |
 * | `read-only` | a write reached a replica, or a read-only transaction |
 * | `syntax` | the statement itself: text, missing table, missing right |
 * | `data` | a value that its type cannot be: text for a number, out of range |
 * | `commit-unknown` | the connection ended after COMMIT was sent and before it was answered |
 * | `closed` | the database, or the transaction, was over already |
 * | `other` | anything else the server says; see `sqlstate` and `cause` |
 */
export type DatabaseErrorKind =
  | 'unreachable'
  | 'broken'
  | 'pool-timeout'
  | 'timeout'
  | 'cancelled'
  | 'constraint'
  | 'serialization'
  | 'read-only'
  | 'syntax'
  | 'data'
  | 'commit-unknown'
  | 'closed'
  | 'other';

/** Which constraint refused a row. */
export interface ConstraintViolation {
  readonly type: 'unique' | 'foreign-key' | 'check' | 'not-null' | 'exclusion';
  readonly table: string | undefined;
  readonly constraint: string | undefined;
  /** The columns, where the server names them. */
  readonly columns: readonly string[];
}

/** What a `DatabaseError` says. */
export interface DatabaseErrorInit {
  readonly kind: DatabaseErrorKind;
  /** Shown to clients: no statement, no value, no name of a table. */
  readonly detail: string;
  readonly retryable?: boolean | undefined;
  readonly status?: number | undefined;
  readonly sqlstate?: string | undefined;
  readonly violation?: ConstraintViolation | undefined;
  readonly statement?: string | undefined;
  readonly cause?: unknown;
}

/**
 * A failure of the database. Thrown through a handler it is answered with its status; the answer
 * says nothing of statements and values, which `statement` and `cause` have for the log.
 */
export class DatabaseError extends HttpProblem {
  declare readonly kind: DatabaseErrorKind;
  /** The server's five characters (PostgreSQL appendix A), when it was the server who said so. */
  readonly sqlstate: string | undefined;
  readonly violation: ConstraintViolation | undefined;
  /** The text of the statement, without its values. */
  readonly statement: string | undefined;

  constructor(init: DatabaseErrorInit) {
    const { kind, detail, cause } = init;
    const terms = TERMS[kind];
    const retryable = init.retryable ?? terms.retryable;
    const status = init.status ?? terms.status;
    super({
      status,
      kind,
      side: terms.side,
      retryable,
      detail,
      headers: status === 503 && retryable ? { 'retry-after': '1' } : {},
      cause,
    });
    this.name = 'DatabaseError';
    this.sqlstate = init.sqlstate;
    this.violation = init.violation;
    this.statement = init.statement;
  }
}

interface Terms {
  readonly status: number;
  readonly side: ProblemSide;
  readonly retryable: boolean;
}

const TERMS: Readonly<Record<DatabaseErrorKind, Terms>> = {
  unreachable: { status: 503, side: 'origin', retryable: true },
  broken: { status: 503, side: 'origin', retryable: false },
  'pool-timeout': { status: 503, side: 'origin', retryable: true },
  timeout: { status: 504, side: 'origin', retryable: true },
  cancelled: { status: 503, side: 'origin', retryable: true },
  constraint: { status: 409, side: 'client', retryable: false },
  serialization: { status: 409, side: 'origin', retryable: true },
  'read-only': { status: 503, side: 'origin', retryable: true },
  syntax: { status: 500, side: 'origin', retryable: false },
  data: { status: 500, side: 'origin', retryable: false },
  'commit-unknown': { status: 500, side: 'origin', retryable: false },
  closed: { status: 503, side: 'origin', retryable: false },
  other: { status: 500, side: 'origin', retryable: false },
};

const DETAILS: Readonly<Record<DatabaseErrorKind, string>> = {
  unreachable: 'the database takes no connections at the moment; try again',
  broken: 'the connection to the database ended before it answered',
  'pool-timeout': 'no connection to the database became free in time; try again',
  timeout: 'the database did not answer in time; try again',
  cancelled: 'the work on the database was cancelled by an operator; try again',
  constraint: 'what was sent contradicts what is stored',
  serialization: 'another change of the same data was in the way; try again',
  'read-only': 'the database takes no changes at the moment; try again',
  syntax: 'the origin asked its database something it does not understand',
  data: 'the origin gave its database a value it does not take',
  'commit-unknown':
    'the connection to the database ended while it stored this: look whether it was before sending it again',
  closed: 'the database is closed; the origin is stopping',
  other: 'the database failed; quote the request id when reporting this',
};

/** What a failure of this kind tells clients. */
export function detailOf(kind: DatabaseErrorKind): string {
  return DETAILS[kind];
}

/** Used after its end. */
export function closedError(detail = DETAILS.closed): DatabaseError {
  return new DatabaseError({ kind: 'closed', detail });
}
