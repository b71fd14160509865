import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readStack } from '../scripts/stack.ts';
import { parseCommandLine } from './bench/command-line.ts';

const SYSTEMS = [
  'Falcon',
  'Gunicorn',
  'gevent',
  'asyncio gather',
  'aiohttp',
  'FastAPI',
  'SQLAlchemy pool',
  'batch queries',
  'Redis cache-aside',
  'response caching',
  'uvloop',
  'httpx with 5 s timeouts',
  'Uvicorn workers',
  'read replicas',
  'sharding',
  'Locust',
  'cProfile, py-spy',
  'APM',
];

const page = readFileSync('docs/from-python.md', 'utf8');
const rows = [...page.matchAll(/^\| (.+?) \| .+ \| (.+) \|$/gm)]
  .map(([, name = '', cell = '']) => ({
    name,
    commands: [...cell.matchAll(/`([^`]+)`/g)].map(([, command = '']) => command),
  }))
  .filter(({ name }) => name !== 'in Python');

test('everything of a Python stack has its counterpart, and a command that shows it', () => {
  assert.deepEqual(rows.map(({ name }) => name).sort(), [...SYSTEMS].sort());
  for (const { name, commands } of rows) assert.ok(commands.length > 0, `${name} has no command`);
});

test('every command names what is there', async () => {
  const shown = [...page.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(shown.length > 0);
  for (const command of [...rows.flatMap(({ commands }) => commands), ...shown]) {
    await checkCommand(command);
  }
});

test('every name the examples import is exported', async () => {
  const imports = [...page.matchAll(/^import \{ (.+?) \} from '(@headgate\/.+?)';$/gm)];
  assert.ok(imports.length > 0);
  for (const [, names = '', from = ''] of imports) {
    const module = (await import(from)) as Record<string, unknown>;
    for (const name of names.split(', ')) assert.ok(name in module, `${from} has no ${name}`);
  }
});

test('a command of something that is not there is found out', async () => {
  for (const wrong of [
    'pnpm nothing',
    'pnpm test packages/origin/src/no-such-file',
    'pnpm bench origin --case none',
    'pnpm load apps/load/scenarios/none.ts',
    'pnpm load apps/load/scenarios/items.ts --faster',
    'pnpm run profile --name items --deep',
    'node apps/none/src/main.ts',
    'NOBODYS_SETTING=1 node apps/items/src/main.ts',
    'curl http://127.0.0.1:1/items/5',
    'uvicorn app:app',
  ]) {
    await assert.rejects(checkCommand(wrong), assert.AssertionError, wrong);
  }
});

/** Rejects with an AssertionError when a script, file, flag, setting or port does not exist. */
async function checkCommand(command: string): Promise<void> {
  const words = command.split(' ').map((word) => word.replaceAll("'", ''));
  const settings = words.filter((word) => /^[A-Z_]+=/.test(word));
  const [program = '', subject = '', ...rest] = words.slice(settings.length);
  for (const setting of settings) checkSetting(setting.replace(/=.*/, ''), command);
  if (program === 'curl') return checkUrl(words.at(-1) ?? '', command);
  if (program === 'node') return assert.ok(existsSync(subject), `${command}: no ${subject}`);
  assert.equal(program, 'pnpm', `${command}: what is ${program}?`);
  // Of scripts that have the name of a command of pnpm.
  if (subject === 'run') return checkScript(rest[0] ?? '', rest.slice(1), command);
  await checkScript(subject, rest, command);
}

async function checkScript(script: string, args: string[], command: string): Promise<void> {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  assert.ok(script in scripts, `${command}: package.json has no script ${script}`);
  if (script === 'test') {
    const files = globSync('{apps,packages,scripts,test}/**/*.test.ts');
    for (const part of args) {
      assert.ok(
        files.some((file) => file.includes(part)),
        `${command}: no test is in ${part}`,
      );
    }
  } else if (script === 'bench') {
    const parsed = parseCommandLine(args);
    assert.ok(!('problem' in parsed), `${command}: ${'problem' in parsed && parsed.problem}`);
  } else if (script === 'profile') {
    const end = args.includes('--') ? args.indexOf('--') : args.length;
    await checkFlags('apps/profile/src/main.ts', args.slice(0, end), command);
    await checkLoad(args.slice(end + 1), command);
  } else {
    assert.equal(script, 'load', `${command}: this test knows nothing of ${script}`);
    await checkLoad(args, command);
  }
}

async function checkLoad(args: string[], command: string): Promise<void> {
  const [subject = ''] = args;
  if (subject.startsWith('http')) checkUrl(subject, command);
  else assert.ok(existsSync(subject), `${command}: no ${subject}`);
  await checkFlags('apps/load/src/main.ts', args, command);
}

async function checkFlags(main: string, args: string[], command: string): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--help']);
  for (const flag of args.filter((word) => word.startsWith('--'))) {
    assert.match(stdout, new RegExp(`${flag}\\b`), `${command}: ${main} has no ${flag}`);
  }
}

function checkSetting(name: string, command: string): void {
  const sources = globSync('{apps,packages/origin}/**/src/**/settings.ts');
  const isThere = sources.some((file) => readFileSync(file, 'utf8').includes(`'${name}'`));
  assert.ok(isThere, `${command}: nothing reads ${name}`);
}

/** Of something `pnpm dev` starts. */
function checkUrl(url: string, command: string): void {
  const ports = readStack('deploy/compose.yaml').flatMap((one) => one.ports);
  const port = Number(new URL(url).port);
  assert.ok(
    ports.some((one) => one.port === port),
    `${command}: nothing of the sample stack listens on ${port}`,
  );
}
