/**
 * The sample stack as plain processes, read from the compose file so that containers, `pnpm dev`
 * and the end-to-end test cannot disagree about commands, environment and ports.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

export interface StackProcess {
  readonly name: string;
  /** Folder below `apps`. */
  readonly app: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Every port it listens on, with the setting that names it. */
  readonly ports: readonly { readonly port: number; readonly setting: string }[];
  /** Answers 200 once it serves. */
  readonly readyUrl: string;
  readonly dependsOn: readonly string[];
}

export interface StackOptions {
  /** Where each of the file's ports goes; default: where the file says. */
  readonly mapPort?: (port: number) => number;
  /**
   * Settings that name a service which is no app, such as `REDIS_URL`, as this machine has it.
   * What is not here is left out, and the app does without.
   */
  readonly external?: Readonly<Record<string, string | undefined>>;
  /** What `${NAME:-default}` in the file is replaced with, before its default. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** Added to every process. */
  readonly env?: Readonly<Record<string, string>>;
}

interface ComposeService {
  readonly build?: { readonly args?: { readonly APP?: string } };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly { readonly source: string; readonly target: string }[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

/** Reads `file` in dependency order; throws when a service cannot be run as a process. */
export function readStack(file: string, options: StackOptions = {}): StackProcess[] {
  const document = parse(readFileSync(file, 'utf8'), { merge: true }) as {
    services: Record<string, ComposeService>;
  };
  const services = Object.entries(document.services);
  const built = services.filter(([, service]) => service.build);
  const hosts = services.map(([name]) => name);
  const foreign = services.filter(([, service]) => !service.build).map(([name]) => name);
  const processes = built.map(([name, service]) =>
    toProcess(name, service, dirname(file), { hosts, foreign }, options),
  );
  return inDependencyOrder(processes);
}

function toProcess(
  name: string,
  service: ComposeService,
  directory: string,
  { hosts, foreign }: { hosts: readonly string[]; foreign: readonly string[] },
  options: StackOptions,
): StackProcess {
  const app = service.build?.args?.APP;
  if (!app) throw new Error(`services.${name}.build.args.APP is missing; it names the app`);
  const mapPort = options.mapPort ?? ((port) => port);
  const env: Record<string, string> = {};
  const ports: { port: number; setting: string }[] = [];
  for (const [key, value] of Object.entries(service.environment ?? {})) {
    const text = interpolate(String(value), options.variables ?? {});
    if (namesHost(text, foreign)) {
      const external = options.external?.[key];
      if (external) env[key] = external;
      continue;
    }
    const local = toLoopback(text, hosts, mapPort);
    env[key] = key === 'PORT' ? String(mapPort(Number(value))) : local;
    const own = key === 'PORT' ? env[key] : /^127\.0\.0\.1:(\d+)$/.exec(local)?.[1];
    if (own) ports.push({ port: Number(own), setting: key });
  }
  const admin = ports.find(({ setting }) => setting === 'ADMIN_ADDRESS');
  const [first] = ports;
  if (!first) throw new Error(`services.${name}.environment names no port`);
  return {
    name,
    app,
    args: (service.command ?? []).map((arg) => {
      const volume = service.volumes?.find(({ target }) => target === arg);
      return volume ? join(directory, volume.source) : arg;
    }),
    env: { ...env, ...options.env },
    ports,
    readyUrl: admin
      ? `http://127.0.0.1:${admin.port}/ready`
      : `http://127.0.0.1:${first.port}/health`,
    dependsOn: Object.keys(service.depends_on ?? {}),
  };
}

/** `${NAME:-default}` and `${NAME}`, as Compose has them. */
function interpolate(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): string {
  return text.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name: string, fallback = '') => {
    return variables[name] || fallback;
  });
}

/** Whether `text` is the address of one of `names`: `redis://redis:6379`. */
function namesHost(text: string, names: readonly string[]): boolean {
  return new RegExp(`^[a-z]+://(?:[^/@]*@)?(?:${names.join('|')}):\\d+`).test(text);
}

/** `http://items-1:4001` and `0.0.0.0:8080` as one machine knows them. */
function toLoopback(
  value: string,
  hosts: readonly string[],
  mapPort: (port: number) => number,
): string {
  // A service's name by itself is just a word; with a port behind it, it is an address.
  const address = new RegExp(`^([a-z]+://)?(?:0\\.0\\.0\\.0|${hosts.join('|')}):(\\d+)`);
  return value
    .replace(/^0\.0\.0\.0$/, '127.0.0.1')
    .replace(address, (_, scheme: string | undefined, port: string) => {
      return `${scheme ?? ''}127.0.0.1:${mapPort(Number(port))}`;
    });
}

function inDependencyOrder(processes: readonly StackProcess[]): StackProcess[] {
  const ordered: StackProcess[] = [];
  const place = (process: StackProcess, waiting: readonly string[]): void => {
    if (ordered.includes(process)) return;
    if (waiting.includes(process.name)) {
      throw new Error(`depends_on goes in a circle: ${[...waiting, process.name].join(' → ')}`);
    }
    for (const name of process.dependsOn) {
      const dependency = processes.find((other) => other.name === name);
      if (dependency) place(dependency, [...waiting, process.name]);
    }
    ordered.push(process);
  };
  for (const process of processes) place(process, []);
  return ordered;
}
