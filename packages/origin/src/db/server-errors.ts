// Owns what PostgreSQL's own errors mean here.
import {
  type ConstraintViolation,
  DatabaseError,
  type DatabaseErrorKind,
  detailOf,
} from './errors.ts';

/** The fields of a server's error that count here (protocol §55.8). */
interface ServerError extends Error {
  readonly code: string;
  readonly detail?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/** Whether the server itself said so, in contrast to the connection or the driver. */
export function isServerError(error: unknown): error is ServerError {
  return (
    error instanceof Error &&
    'severity' in error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.length === 5
  );
}

/** What a server's error means; `statement` is the text it complained about. */
export function fromServerError(error: ServerError, statement?: string): DatabaseError {
  const common = { sqlstate: error.code, statement, cause: error };
  const kind = kindOf(error);
  if (kind === 'constraint') {
    const violation = violationOf(error);
    // A missing or impossible value is the request's content; the others clash with what is there.
    const isContent = violation.type === 'not-null' || violation.type === 'check';
    const status = isContent ? 422 : 409;
    return new DatabaseError({ ...common, kind, violation, status, detail: detailOf(kind) });
  }
  if (kind === 'broken') return brokenConnection(error, statement);
  // Wrong passwords and databases that do not exist stay so.
  const isRefusal = /^(28|3D)/.test(error.code);
  return new DatabaseError({
    ...common,
    kind,
    detail: detailOf(kind),
    retryable: isRefusal ? false : undefined,
  });
}

/** The connection ended under a statement: unless it only read, nobody knows what it did. */
export function brokenConnection(cause: unknown, statement?: string): DatabaseError {
  const retryable = /^\s*(select|show|table|values)\b/i.test(statement ?? '');
  return new DatabaseError({
    kind: 'broken',
    retryable,
    sqlstate: isServerError(cause) ? cause.code : undefined,
    detail: detailOf('broken'),
    statement,
    cause,
  });
}

const BY_CODE: Readonly<Record<string, DatabaseErrorKind>> = {
  '08P01': 'syntax',
  '25006': 'read-only',
  '40001': 'serialization',
  '40P01': 'serialization',
  '55P03': 'serialization',
  '57P01': 'broken',
  '57P02': 'broken',
  '57P05': 'broken',
};

const BY_CLASS: Readonly<Record<string, DatabaseErrorKind>> = {
  '08': 'unreachable',
  '22': 'data',
  '23': 'constraint',
  '28': 'unreachable',
  '3D': 'unreachable',
  '42': 'syntax',
  '53': 'unreachable',
  '57': 'unreachable',
};

function kindOf({ code, message }: ServerError): DatabaseErrorKind {
  // One code for both; the text is the server's only distinction.
  if (code === '57014') return message.includes('user request') ? 'cancelled' : 'timeout';
  return BY_CODE[code] ?? BY_CLASS[code.slice(0, 2)] ?? 'other';
}

const VIOLATIONS: Readonly<Record<string, ConstraintViolation['type']>> = {
  '23502': 'not-null',
  '23503': 'foreign-key',
  '23505': 'unique',
  '23514': 'check',
  '23P01': 'exclusion',
};

function violationOf({ code, table, column, constraint, detail }: ServerError) {
  // `Key (tenant, "name")=(…) already exists.`: the names come first, the values are not taken.
  const listed = /^Key \((.*?)\)=/.exec(detail ?? '')?.[1]?.split(', ') ?? [];
  const columns = column === undefined ? listed.map((name) => name.replaceAll('"', '')) : [column];
  return { type: VIOLATIONS[code] ?? 'check', table, constraint, columns } as const;
}
