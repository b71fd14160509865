// Owns the check of a request before its handler: all parts, all problems, in one answer.
import type { Context } from 'hono';
import type { OriginEnv } from './request-scope.ts';
import { type BodyDefinition, type BodyReader, bodyReader } from './validate-body.ts';
import { check, type InvalidField, invalidRequest } from './validate-fields.ts';
import { type PartReader, type PartSchemas, partReaders } from './validate-parts.ts';

/** What a route declares of its requests. */
export interface RequestDefinition extends PartSchemas {
  readonly body?: BodyDefinition | undefined;
}

/**
 * Puts what a request is made of where `c.req.valid` finds it. A promise comes back only when a
 * body has to be waited for.
 * @throws HttpProblem 422 with every field that is wrong; 400, 413 or 415 for a body that cannot be read
 */
export type RequestCheck = (c: Context<OriginEnv>) => Promise<void> | undefined;

/** The check for a route; undefined when it declares nothing that could be wrong. */
export function requestCheck(
  request: RequestDefinition,
  maxBodyBytes: number,
): RequestCheck | undefined {
  const readers = partReaders(request);
  const body = request.body && bodyReader(request.body, maxBodyBytes);
  if (body !== undefined) return (c) => checkBody(c, body, checkParts(c, readers));
  if (readers.length === 0) return undefined;
  return (c) => {
    const fields = checkParts(c, readers);
    if (fields !== undefined) throw invalidRequest(fields);
    return undefined;
  };
}

function checkParts(c: Context, readers: readonly PartReader[]): InvalidField[] | undefined {
  let fields: InvalidField[] | undefined;
  for (const reader of readers) {
    const checked = check(reader.schema, reader.read(c), reader.part);
    if (checked.isValid) c.req.addValidatedData(reader.target, checked.data as object);
    else fields = fields ? fields.concat(checked.fields) : [...checked.fields];
  }
  return fields;
}

async function checkBody(
  c: Context<OriginEnv>,
  read: BodyReader,
  wrongParts: InvalidField[] | undefined,
): Promise<void> {
  const body = await read(c);
  const wrongBody = body.kind === 'invalid' ? body.fields : [];
  const fields = wrongParts ? [...wrongParts, ...wrongBody] : wrongBody;
  if (fields.length > 0) throw invalidRequest(fields);
  if (body.kind === 'valid') c.req.addValidatedData(body.target, body.data as object);
}
