/// <reference lib="dom" />
/** Where the front end begins: a report has its run inside, the live page follows one. */
import type { RunResult } from '../../result.ts';
import type { PageEvent } from '../page-event.ts';
import { startControls } from './controls.ts';
import { find, get, setText } from './element.ts';
import { showLinks } from './header.ts';
import { emptyRun, type RunData, runOfResult, tellRun } from './run-data.ts';
import { createScreen } from './screen.ts';
import { startTheme } from './theme.ts';

startTheme();
const screen = createScreen();
const embedded = find('result');
if (embedded === undefined) followRun();
else screen.show(runOfResult(JSON.parse(embedded.textContent ?? '') as RunResult));

function followRun(): void {
  const controls = startControls();
  const lost = get('connection');
  let run: RunData | undefined;
  let isConnected = false;
  const events = new EventSource('/events');

  function show(): void {
    const isOver = run?.result !== undefined;
    lost.hidden = isConnected || run === undefined;
    lost.classList.toggle('warn', !isOver);
    setText(
      lost,
      isConnected
        ? ''
        : isOver
          ? 'The run has ended and its server is gone. The charts stay as long as this page is open.'
          : 'The connection to the run is lost; trying again. The charts show what was known until then.',
    );
    showLinks(isConnected && isOver);
    if (run === undefined) return;
    controls.update(run, isConnected);
    screen.show(run);
  }

  events.addEventListener('message', (message: MessageEvent<string>) => {
    const event = JSON.parse(message.data) as PageEvent;
    isConnected = true;
    if (event.kind === 'header') run = emptyRun(event.header);
    else if (run !== undefined) tellRun(run, event);
    show();
  });
  events.addEventListener('error', () => {
    isConnected = false;
    show();
  });
}
