// Owns the one way to stop a statement: a request on a connection of its own.
import type pg from 'pg';
import { createDriverConnection, driverClient } from './driver-connection.ts';

/**
 * Asks the server to cancel what `client` is running. Resolves when the server has done so: it
 * signals the process first and closes the connection then. Rejects when that is not known within
 * `timeoutMs`.
 */
export function requestCancel(client: pg.Client, timeoutMs: number): Promise<void> {
  const target = driverClient(client);
  const connection = createDriverConnection(target);
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const timer = setTimeout(() => {
      failure = new Error(`a cancel request was not carried out within ${timeoutMs} ms`);
      connection.stream.destroy();
    }, timeoutMs);
    const send = () => connection.cancel(target.processID, target.secretKey);
    connection.on('connect', () => {
      if (target.ssl) connection.requestSsl();
      else send();
    });
    connection.on('sslconnect', send);
    connection.on('error', (error) => {
      failure ??= error;
    });
    connection.on('end', () => {
      clearTimeout(timer);
      if (failure) reject(failure);
      else resolve();
    });
    // Where a name has several addresses, only one has the process.
    const address = target.ssl ? undefined : target.connection.stream.remoteAddress;
    if (target.host.startsWith('/')) connection.connect(`${target.host}/.s.PGSQL.${target.port}`);
    else connection.connect(target.port, address ?? target.host);
  });
}
