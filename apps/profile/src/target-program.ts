/**
 * What runs inside of a profiled process. These functions are sent there as text: each may use
 * nothing but its arguments and globals of Node 20.16 and later.
 *
 * The profiler belongs to a session of the process with itself, so the inspector's port need not
 * stay open. It stops by itself, also when nobody comes back for the profile.
 */

export interface ProfileRequest {
  /** Names whoever asks: nobody else can stop or fetch the profile. */
  readonly token: string;
  readonly durationMs: number;
  /** Microseconds between two samples. */
  readonly intervalUs: number;
  /** Compiles all code anew, so that inlined functions are told from those they are inlined in. */
  readonly mayRecompile: boolean;
  /** For how long a finished profile is kept for whoever asked for it. */
  readonly keepMs: number;
}

export interface ProfileInfo {
  /** Length of the profile as JSON, in UTF-16 code units. */
  readonly sizeChars: number;
  /** CPU time of all threads of the process meanwhile. */
  readonly cpuMs: number;
  readonly durationMs: number;
  readonly nodeVersion: string;
}

interface RunningProfile {
  readonly token: string;
  /** 0 when the profiler has stopped. */
  remainingMs(): number;
  finish(): ProfileInfo;
  /** Forgets all when it returns the last piece. */
  read(from: number, to: number): string;
}

interface Globals {
  headgateProfile?: RunningProfile | undefined;
}

/** Starts the profiler; throws while it runs for another command. */
export function beginProfile(request: ProfileRequest): void {
  const { durationMs, intervalUs, keepMs, token } = request;
  const globals = globalThis as Globals;
  const others = Math.ceil((globals.headgateProfile?.remainingMs() ?? 0) / 1000);
  if (others > 0) throw new Error(`another command is profiling it, for ${others} s still`);
  const { Session } = process.getBuiltinModule('node:inspector');
  const session = new Session();
  session.connect();
  const post = (method: string, params: object): unknown => {
    let outcome: unknown;
    let failure: Error | null = null;
    session.post(method, params, (error, result) => {
      failure = error;
      outcome = result;
    });
    if (failure) throw failure;
    return outcome;
  };
  try {
    post('Profiler.enable', {});
    post('Profiler.setSamplingInterval', { interval: intervalUs });
    post('Profiler.start', {});
    // Code compiled while nobody profiled does not know which functions were inlined in it. To begin
    // a measurement of coverage drops all compiled code; to end one that runs would spoil it.
    if (request.mayRecompile && !process.env.NODE_V8_COVERAGE) {
      post('Profiler.startPreciseCoverage', {});
      post('Profiler.stopPreciseCoverage', {});
    }
  } catch (error) {
    session.disconnect();
    throw error;
  }
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  let info: ProfileInfo | undefined;
  let json = '';
  let timer: NodeJS.Timeout;
  const forget = () => {
    clearTimeout(timer);
    if (globals.headgateProfile === profile) delete globals.headgateProfile;
  };
  const finish = () => {
    if (info) return info;
    clearTimeout(timer);
    const { user, system } = process.cpuUsage(cpu);
    const passedMs = performance.now() - startMs;
    const stopped = post('Profiler.stop', {}) as { profile: object };
    session.disconnect();
    json = JSON.stringify(stopped.profile);
    info = {
      sizeChars: json.length,
      cpuMs: (user + system) / 1000,
      durationMs: passedMs,
      nodeVersion: process.version,
    };
    timer = setTimeout(forget, keepMs).unref();
    return info;
  };
  const read = (from: number, to: number) => {
    if (to >= json.length) forget();
    return json.slice(from, to);
  };
  const remainingMs = () => (info ? 0 : Math.max(1, startMs + durationMs - performance.now()));
  const profile = { token, remainingMs, finish, read };
  timer = setTimeout(finish, durationMs).unref();
  // Not enumerable: programs that look at their globals do not find it by chance.
  Object.defineProperty(globals, 'headgateProfile', {
    value: profile,
    configurable: true,
  });
}

/** Stops the profiler, unless it has stopped by itself, and tells how much there is to read. */
export function finishProfile(token: string): ProfileInfo {
  const { headgateProfile } = globalThis as Globals;
  if (headgateProfile?.token !== token) {
    throw new Error(
      'the profile is gone: it was kept for some time, or another one has been taken',
    );
  }
  return headgateProfile.finish();
}

/** Characters `from` to `to` of the finished profile; the last piece ends its life over there. */
export function readProfile(from: number, to: number): string {
  return (globalThis as Globals).headgateProfile?.read(from, to) ?? '';
}

/** The process, as it knows itself. */
export function whoAreYou(): number {
  return process.pid;
}

/**
 * Closes its port, and with it the connection that asks for it, after two turns of the event loop.
 * Node opens the inspector twice for one SIGUSR1, at once and when the loop comes round; closed in
 * between, it would be open for ever.
 */
export function closeInspector(): void {
  const { close } = process.getBuiltinModule('node:inspector');
  setImmediate(() => setImmediate(() => close()));
}
