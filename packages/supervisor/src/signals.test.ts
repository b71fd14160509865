import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { actionOf, type HandledSignal, handleSignals, type SignalContext } from './signals.ts';

const SERVING: SignalContext = { isStopping: false, hasSuccessor: false, isOnTerminal: false };
const STOPPING: SignalContext = { ...SERVING, isStopping: true };

test('every signal means what users of Gunicorn expect', () => {
  const meanings = {
    SIGTERM: 'stop',
    SIGINT: 'stop',
    SIGQUIT: 'stop-quick',
    SIGHUP: 'reload',
    SIGTTIN: 'add-worker',
    SIGTTOU: 'remove-worker',
    SIGUSR2: 'upgrade',
    SIGWINCH: 'drain-workers',
  } as const;
  for (const [signal, action] of Object.entries(meanings)) {
    assert.equal(actionOf(signal as HandledSignal, SERVING), action, signal);
  }
});

test('while it stops, only a second order to stop counts, and is obeyed at once', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    assert.equal(actionOf(signal, STOPPING), 'stop-quick', signal);
  }
  for (const signal of ['SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR2', 'SIGWINCH'] as const) {
    assert.equal(actionOf(signal, STOPPING), undefined, signal);
  }
});

test('a terminal that changes its size drains nothing, unless there is a successor', () => {
  const onTerminal = { ...SERVING, isOnTerminal: true };
  assert.equal(actionOf('SIGWINCH', onTerminal), undefined);
  assert.equal(actionOf('SIGWINCH', { ...onTerminal, hasSuccessor: true }), 'drain-workers');
});

test('signals are handled until told otherwise, and the inspector keeps SIGUSR1', () => {
  const source = new EventEmitter();
  const done: string[] = [];
  let context = SERVING;
  const stop = handleSignals({
    source,
    context: () => context,
    act: (action, signal) => done.push(`${signal} ${action}`),
  });
  assert.equal(source.listenerCount('SIGUSR1'), 0);
  source.emit('SIGHUP', 'SIGHUP');
  source.emit('SIGTERM', 'SIGTERM');
  context = STOPPING;
  source.emit('SIGHUP', 'SIGHUP');
  source.emit('SIGTERM', 'SIGTERM');
  assert.deepEqual(done, ['SIGHUP reload', 'SIGTERM stop', 'SIGTERM stop-quick']);
  stop();
  assert.deepEqual(source.eventNames(), []);
});
