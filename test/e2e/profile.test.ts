import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';

const profileMain = fileURLToPath(new URL('../../apps/profile/src/main.ts', import.meta.url));
const INSPECTOR_PORT = 9229;

/** Serves, and is busy in a function of this name; with `mode` `fork` so is a worker of it. */
function busyProgram(hotName: string): string {
  return `
    import { fork } from 'node:child_process';
    import { createServer } from 'node:http';
    function ${hotName}(rounds) {
      let sum = 0;
      for (let i = 0; i < rounds; i++) sum += Math.sqrt(i) * Math.sin(i) + Math.cos(sum % 7);
      return sum;
    }
    setInterval(() => ${hotName}(1e5), 5);
    if (process.argv[2] === 'fork') fork(process.argv[1], ['alone']);
    process.on('disconnect', () => process.exit());
    createServer((_, response) => response.end(String(process.pid)))
      .listen(0, '127.0.0.1', function () {
        console.log('listening on', this.address().port);
      });
  `;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
before(async () => {
  folder = await temporaryFolder();
});
after(() => folder[Symbol.asyncDispose]());

interface BusyProgram extends AsyncDisposable {
  readonly pid: number;
  readonly program: Program;
  answer(): Promise<string>;
}

async function startBusy(
  hotName: string,
  { nodeOptions = [], mode = 'alone' }: { nodeOptions?: string[]; mode?: string } = {},
): Promise<BusyProgram> {
  const file = join(folder.path, `${hotName}.mjs`);
  await writeFile(file, busyProgram(hotName));
  const program = startProgram(process.execPath, [...nodeOptions, file, mode]);
  const [, port] = await program.says(/listening on (\d+)/);
  return {
    program,
    pid: program.child.pid as number,
    answer: () => read(Number(port), '/'),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

function read(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve(body);
    }).once('error', reject);
  });
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly out: string;
}

interface RunningProfile {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** All it has written so far. */
  output(): string;
}

let runs = 0;

function startProfile(...args: string[]): RunningProfile {
  const out = join(folder.path, `out-${++runs}`);
  const child = spawn(process.execPath, [profileMain, '--out', out, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, output, out }));
  });
  return { child, ended, output: () => output };
}

function profile(...args: string[]): Promise<Ended> {
  return startProfile(...args).ended;
}

/** The first row of the functions, as a row of `self | total | function | where`. */
function hottest(output: string): string[] {
  const rows = output.slice(output.indexOf('## Functions')).split('\n');
  const first = rows.filter((line) => line.startsWith('|'))[2] ?? '';
  return first.split('|').map((cell) => cell.trim());
}

test('a busy process is profiled while it serves, and is afterwards as it was before', async () => {
  await using busy = await startBusy('burnsHere');
  const { code, output, out } = await profile('--pid', String(busy.pid), '--seconds', '1');
  assert.equal(code, 0, output);
  const [, self, , name, where] = hottest(output);
  assert.equal(name, 'burnsHere', output);
  assert.ok(Number.parseFloat(self ?? '') > 50, output);
  assert.match(where ?? '', /burnsHere\.mjs:4$/);
  assert.equal(await busy.answer(), String(busy.pid));
  assert.equal(await isOpen(INSPECTOR_PORT), false);
  const files = await readdir(out);
  assert.deepEqual(files.sort(), [`${busy.pid}-burnsHere.cpuprofile`, 'flame.html', 'top.md']);
  const saved = JSON.parse(await readFile(join(out, `${busy.pid}-burnsHere.cpuprofile`), 'utf8'));
  assert.ok(saved.samples.length > 100);
  const again = await profile('--pid', String(busy.pid), '--seconds', '0.2');
  assert.equal(again.code, 0, again.output);
});

test('two processes and a worker of one are profiled at once', async () => {
  await using one = await startBusy('burnsOne');
  await using two = await startBusy('burnsTwo', { mode: 'fork' });
  await eventually(() => {
    if (two.program.output.split('listening').length < 3) throw new Error('no worker listens');
  });
  const pids = ['--pid', String(one.pid), '--pid', String(two.pid)];
  const { code, output, out } = await profile(...pids, '--seconds', '1');
  assert.equal(code, 0, output);
  for (const name of ['burnsOne', 'burnsTwo']) {
    assert.match(output, new RegExp(`\\| ${name} `), output);
  }
  assert.equal((await readdir(out)).filter((file) => file.endsWith('.cpuprofile')).length, 3);
  assert.equal(await isOpen(INSPECTOR_PORT), false);
});

test('what is not Node is refused, and lives', async () => {
  await using sleeper = startProgram('sleep', ['300']);
  await using busy = await startBusy('burns');
  const pids = ['--pid', String(sleeper.child.pid), '--pid', String(busy.pid)];
  const { code, output } = await profile(...pids, '--seconds', '1');
  assert.equal(code, 1);
  assert.match(output, /it runs (sleep|coreutils), not Node/);
  assert.equal(sleeper.child.exitCode, null);
  assert.equal(sleeper.child.signalCode, null);
});

test('a process that SIGUSR1 would end is refused, and lives', async () => {
  await using busy = await startBusy('burns', { nodeOptions: ['--disable-sigusr1'] });
  const { code, output } = await profile('--pid', String(busy.pid), '--seconds', '1');
  assert.equal(code, 1);
  assert.match(output, /--disable-sigusr1/);
  assert.equal(await busy.answer(), String(busy.pid));
});

test('an interruption ends the profile early, and leaves nothing behind', async () => {
  await using busy = await startBusy('burnsHere');
  const running = startProfile('--pid', String(busy.pid), '--seconds', '300');
  await eventually(() => assert.match(running.output(), /profiling burns/));
  running.child.kill('SIGINT');
  const { code, output } = await running.ended;
  assert.equal(code, 0, output);
  assert.equal(hottest(output)[3], 'burnsHere', output);
  assert.equal(await isOpen(INSPECTOR_PORT), false);
  const again = await profile('--pid', String(busy.pid), '--seconds', '0.2');
  assert.equal(again.code, 0, again.output);
});

test('a second command leaves the first alone, and what a killed one left ends by itself', async () => {
  await using busy = await startBusy('burnsHere');
  const first = startProfile('--pid', String(busy.pid), '--seconds', '8');
  await eventually(() => assert.match(first.output(), /profiling burns/));
  const second = await profile('--pid', String(busy.pid), '--seconds', '1');
  assert.equal(second.code, 1, second.output);
  assert.match(second.output, /another command is profiling it, for \d s still/);
  first.child.kill('SIGKILL');
  await first.ended;
  await eventually(async () => {
    const third = await profile('--pid', String(busy.pid), '--seconds', '0.2');
    assert.equal(third.code, 0, third.output);
  });
});

test('a process that ends meanwhile is reported, and the others are profiled', async () => {
  await using stays = await startBusy('burnsHere');
  await using goes = await startBusy('burnsThere');
  const pids = ['--pid', String(goes.pid), '--pid', String(stays.pid)];
  const running = startProfile(...pids, '--seconds', '300');
  await eventually(() => assert.match(running.output(), /profiling burns/));
  await goes[Symbol.asyncDispose]();
  running.child.kill('SIGINT');
  const { code, output } = await running.ended;
  assert.equal(code, 1);
  assert.match(output, new RegExp(`\\(${goes.pid}\\): it has ended`));
  assert.equal(hottest(output)[3], 'burnsHere', output);
});

test('an inspector that was open stays open', async () => {
  await using busy = await startBusy('burnsHere', { nodeOptions: ['--inspect=0'] });
  const [, port] = await busy.program.says(/ws:\/\/127\.0\.0\.1:(\d+)/);
  const { code, output } = await profile('--pid', String(busy.pid), '--seconds', '0.5');
  assert.equal(code, 0, output);
  assert.equal(hottest(output)[3], 'burnsHere', output);
  assert.match(await read(Number(port), '/json/list'), /webSocketDebuggerUrl/);
});

test('a port of its own is used, and closed again', async () => {
  await using busy = await startBusy('burnsHere', { nodeOptions: ['--inspect-port=0'] });
  const { code, output } = await profile('--pid', String(busy.pid), '--seconds', '0.5');
  assert.equal(code, 0, output);
  const [, port] = await busy.program.says(/ws:\/\/127\.0\.0\.1:(\d+)/);
  assert.equal(await isOpen(Number(port)), false);
});

test('a port that somebody else has is said, and nothing is signalled', async () => {
  const squatter = await listen(createServer((socket) => socket.destroy()));
  try {
    await using busy = await startBusy('burns', {
      nodeOptions: [`--inspect-port=${squatter.port}`],
    });
    const { code, output } = await profile('--pid', String(busy.pid), '--seconds', '0.5');
    assert.equal(code, 1);
    assert.match(output, new RegExp(`port ${squatter.port}, which process ${process.pid}`));
    assert.doesNotMatch(busy.program.output, /Debugger|inspector/);
    assert.equal(await busy.answer(), String(busy.pid));
  } finally {
    await squatter.close();
  }
});

test('load is sent meanwhile, and its summary is shown', async () => {
  await using busy = await startBusy('burnsHere');
  const [, port] = await busy.program.says(/listening on (\d+)/);
  const { output, out } = await profile(
    ...['--pid', String(busy.pid), '--seconds', '1', '--warm-up', '0.5'],
    ...['--', `http://127.0.0.1:${port}/`, '--rate', '20', '--for', '4s'],
  );
  assert.match(output, /latency from the intended send/);
  assert.equal(hottest(output)[3], 'burnsHere', output);
  const result = JSON.parse(await readFile(join(out, 'load.json'), 'utf8'));
  assert.equal(result.totals.completed > 0, true);
  const isSaturated = result.totals.saturatedSlices > 0;
  assert.equal(/WARNING: headgate-load was saturated/.test(output), isSaturated);
});

test('load that cannot be sent is no profile', async () => {
  await using busy = await startBusy('burns');
  const { code, output } = await profile(
    '--pid',
    String(busy.pid),
    '--',
    'http://127.0.0.1:1/',
    '--nonsense',
  );
  assert.equal(code, 1);
  assert.match(output, /the load has ended already/);
});

async function listen(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
