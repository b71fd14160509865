// Owns what is used of the driver beyond the types it publishes.
import pg from 'pg';

/** A connection of the driver below its client. */
export interface DriverConnection {
  readonly stream: {
    readonly writable: boolean;
    readonly remoteAddress: string | undefined;
    destroy(): void;
  };
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  /** Sends a cancel request (protocol §55.2.8). */
  cancel(processId: number, secretKey: number): void;
  on(event: 'connect' | 'sslconnect' | 'end', act: () => void): void;
  on(event: 'error', act: (error: Error) => void): void;
}

interface DriverClient {
  readonly connection: DriverConnection;
  readonly host: string;
  readonly port: number;
  readonly ssl: unknown;
  readonly sslNegotiation: string;
  /** Of the server's process, and the secret that lets others cancel its statement. */
  readonly processID: number;
  readonly secretKey: number;
}

/** The connection `client` speaks through. */
export function driverConnection(client: pg.Client): DriverConnection {
  return driverClient(client).connection;
}

/** The client with the parts its types leave out. */
export function driverClient(client: pg.Client): DriverClient {
  return client as unknown as DriverClient;
}

/** A connection of its own to the same server, not yet connected. */
export function createDriverConnection({ ssl, sslNegotiation }: DriverClient): DriverConnection {
  return new pg.Connection({ ssl, sslNegotiation } as object) as unknown as DriverConnection;
}
