/// <reference lib="dom" />
/** Light or dark, and the colours that charts draw with. */
import { find } from './element.ts';

const COLORS = [
  'text',
  'muted',
  'grid',
  'panel',
  'shade',
  'mark',
  'blue',
  'sky',
  'green',
  'orange',
  'red',
  'purple',
  'yellow',
  'grey',
  'pink',
  'brown',
] as const;

export type Color = (typeof COLORS)[number];

const KEY = 'headgate-load theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();
const colors = new Map<Color, string>();

/** The colour as the style sheet has it now. */
export function colorOf(color: Color): string {
  if (colors.size === 0) {
    const style = getComputedStyle(document.documentElement);
    for (const name of COLORS) colors.set(name, style.getPropertyValue(`--${name}`).trim());
  }
  return colors.get(color) as string;
}

export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? dark.matches : chosen === 'dark';
}

/** Calls `listener` when the colours have changed. */
export function onThemeChange(listener: () => void): void {
  listeners.add(listener);
}

/** Takes the theme that was chosen last time, or the system's, and lets the button choose. */
export function startTheme(): void {
  const remembered = remember();
  if (remembered === 'light' || remembered === 'dark') {
    document.documentElement.dataset.theme = remembered;
  }
  dark.addEventListener('change', applyTheme);
  const button = find('theme');
  button?.addEventListener('click', () => {
    const next = isDark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    remember(next);
    applyTheme();
  });
  applyTheme();
}

function applyTheme(): void {
  colors.clear();
  const button = find('theme');
  if (button !== undefined) {
    const other = isDark() ? 'light' : 'dark';
    button.textContent = other === 'dark' ? '◐ Dark' : '◐ Light';
    button.setAttribute('aria-label', `Change to ${other} colours`);
  }
  for (const listener of listeners) listener();
}

/** Browsers may refuse storage, to files above all; then nothing is remembered. */
function remember(theme?: string): string | null {
  try {
    if (theme !== undefined) localStorage.setItem(KEY, theme);
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
