/** Debian's servers of Python applications, as their users run them: connections kept, nothing logged. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from './pinned-process.ts';

export interface PythonServer {
  /** `module:name`, in `python-origins/`. */
  readonly app: string;
  /** At 127.0.0.1. */
  readonly port: number;
  readonly workers: number;
}

/** Debian's, whatever else the PATH has. */
const PYTHON = '/usr/bin/python3';
/** What the items origin has by default. */
const KEEP_ALIVE_S = 75;
const folder = fileURLToPath(new URL('python-origins/', import.meta.url));

/** ASGI: coroutines on uvloop, parsed by httptools. */
export function uvicorn({ app, port, workers }: PythonServer): Command {
  return python([
    ...['-m', 'uvicorn', app, '--app-dir', folder],
    ...['--host', '127.0.0.1', '--port', `${port}`, '--loop', 'uvloop', '--http', 'httptools'],
    ...['--workers', `${workers}`, '--timeout-keep-alive', `${KEEP_ALIVE_S}`],
    ...['--log-level', 'warning', '--no-access-log'],
  ]);
}

/** WSGI: a greenlet for each request. */
export function gunicornGevent({ app, port, workers }: PythonServer): Command {
  return python([
    ...['-m', 'gunicorn', app, '--chdir', folder],
    ...['--bind', `127.0.0.1:${port}`, '--worker-class', 'gevent'],
    ...['--workers', `${workers}`, '--keep-alive', `${KEEP_ALIVE_S}`],
    ...['--log-level', 'warning'],
  ]);
}

function python(args: readonly string[]): Command {
  return { command: PYTHON, args, env: { PYTHONDONTWRITEBYTECODE: '1' } };
}

/** Name and version of each; undefined when one cannot be found. */
export function pythonVersions(packages: readonly string[]): string | undefined {
  const program = `import importlib.metadata as m; print(', '.join(p + ' ' + m.version(p) for p in ${JSON.stringify(packages)}))`;
  const { status, stdout } = spawnSync(PYTHON, ['-c', program], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
