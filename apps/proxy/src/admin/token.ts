/** The token that lets changes in, from the configuration or from a file beside it. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ProxyConfig } from '../config.ts';
import { MIN_TOKEN_LENGTH } from '../config-admin.ts';

/**
 * The configured token; undefined when there is none. `tokenFile` is relative to `configFile`, and
 * white space around what it has is not part of it. Rejects with a readable message when the file
 * has no usable token.
 */
export async function readAdminToken(
  admin: ProxyConfig['admin'],
  configFile: string,
): Promise<string | undefined> {
  if (admin?.tokenFile === undefined) return admin?.token;
  const file = resolve(dirname(configFile), admin.tokenFile);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.message;
    throw new Error(`${file} (admin.tokenFile) cannot be read: ${why}`);
  });
  const token = text.trim();
  if (token.length < MIN_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(token)) {
    const expected = `at least ${MIN_TOKEN_LENGTH} printable ASCII characters without spaces`;
    throw new Error(`${file} (admin.tokenFile) has no token: expected ${expected}`);
  }
  return token;
}
