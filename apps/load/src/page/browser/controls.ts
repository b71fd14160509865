/// <reference lib="dom" />
/** Buttons that steer the run. */
import type { Control } from '../../live-run.ts';
import { find, get, setText } from './element.ts';
import type { RunData } from './run-data.ts';

const LEVELS = {
  'per second': { label: 'Rate', unit: 'per second' },
  users: { label: 'Users', unit: '' },
  held: { label: 'Connections', unit: 'held' },
};

export interface Controls {
  update(run: RunData, isConnected: boolean): void;
}

/** The document of a report has none. */
export function startControls(): Controls {
  const box = find('controls');
  if (box === undefined) return { update: () => {} };
  const form = get<HTMLFormElement>('level-form');
  const level = get<HTMLInputElement>('level');
  const pause = get<HTMLButtonElement>('pause');
  const stop = get<HTMLButtonElement>('stop');
  const dialog = get<HTMLDialogElement>('stop-dialog');
  const problem = get('control-problem');
  let isPaused = false;
  /** What the run multiplies by, or was last asked to: clicks may be faster than its answers. */
  let scale = 1;
  let known = 1;

  async function send(control: Control): Promise<void> {
    const text = await post(control);
    setText(problem, text);
    if (text !== '') scale = known;
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send({ kind: 'level', level: level.valueAsNumber });
    level.blur();
  });
  for (const button of form.querySelectorAll<HTMLButtonElement>('[data-factor]')) {
    button.addEventListener('click', () => {
      scale *= Number(button.dataset.factor);
      void send({ kind: 'scale', scale });
    });
  }
  pause.addEventListener('click', () => void send({ kind: isPaused ? 'resume' : 'pause' }));
  stop.addEventListener('click', () => dialog.showModal());
  dialog.addEventListener('close', () => {
    if (dialog.returnValue === 'stop') void send({ kind: 'stop' });
    dialog.returnValue = '';
  });

  return {
    update({ header, state }, isConnected) {
      box.hidden = state === undefined || state.status === 'ended';
      if (state === undefined) return;
      form.hidden = !header.canScale;
      setText(get('level-label'), LEVELS[header.unit].label);
      setText(get('level-unit'), LEVELS[header.unit].unit);
      isPaused = state.status === 'paused';
      if (state.scale !== known) scale = state.scale;
      known = state.scale;
      setText(pause, isPaused ? 'Resume' : 'Pause');
      // What somebody is typing is theirs.
      if (document.activeElement !== level) level.value = String(Number(state.level.toFixed(1)));
      const isOff = !isConnected || state.status === 'ending';
      for (const one of box.querySelectorAll<HTMLButtonElement>('button')) one.disabled = isOff;
      level.disabled = isOff;
    },
  };
}

/** Why it could not be done; empty when it was. */
async function post(control: Control): Promise<string> {
  try {
    const answer = await fetch('/control', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(control),
    });
    return answer.ok ? '' : ((await answer.json()) as { detail: string }).detail;
  } catch {
    return 'The run could not be reached.';
  }
}
