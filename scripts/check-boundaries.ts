/**
 * The import law: apps → origin (origins only) → leaf packages → nothing of ours; no cycles; the
 * pure packages import nothing and touch no clock, timer or chance; what is for tests alone is
 * imported by tests alone.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const LEAVES = ['balancer', 'cache', 'config', 'http1', 'supervisor', 'telemetry'];
/** Apps that are no origins, and do without the kit. */
const TOOLS = ['console', 'load', 'profile', 'proxy'];
const PURE = ['balancer', 'http1'];
const FOR_TESTS = ['postgres-server'];

/** What code in each workspace may import of ours; apps that are no origins get the leaves. */
function allowedFor(workspace: string): readonly string[] {
  const [kind, name = ''] = workspace.split('/');
  if (kind === 'test') return [...LEAVES, ...FOR_TESTS, 'origin', 'proxy', 'load'];
  if (kind === 'apps') return TOOLS.includes(name) ? LEAVES : [...LEAVES, 'origin'];
  return name === 'origin' ? LEAVES : [];
}

const AMBIENT =
  /\b(Date\.now|new Date\(|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process\.|globalThis)/;
const STATIC = /(?:^|\n)\s*(?:import|export)\s([^'"`;]*?)from\s*['"]([^'"]+)['"]/g;
const BARE = /(?:\bimport\(|(?:^|\n)\s*import)\s*['"]([^'"]+)['"]/g;

interface Import {
  readonly target: string;
  /** Erased before the code runs, so it cannot make a cycle of initialisation. */
  readonly isTypeOnly: boolean;
}

/** Checks every source file below `root`; returns one line per violation. */
export function checkBoundaries(root: string): string[] {
  const problems: string[] = [];
  const graph = new Map<string, string[]>();
  const files = globSync('{apps,packages}/*/src/**/*.ts', { cwd: root });
  for (const file of [...files, ...globSync('test/**/*.ts', { cwd: root, exclude: isInstalled })]) {
    const source = readFileSync(join(root, file), 'utf8');
    const isTest = file.endsWith('.test.ts') || file.includes('.test-support.');
    const imports = importsOf(source);
    for (const { target } of imports) problems.push(...judgeImport(file, target, isTest));
    const edges = imports.filter(({ target, isTypeOnly }) => isRelative(target) && !isTypeOnly);
    graph.set(
      file,
      edges.map(({ target }) => resolveFrom(file, target)),
    );
    if (!isTest && isPure(file)) problems.push(...ambientUses(file, source));
  }
  return [...problems, ...findCycles(graph)].sort();
}

function isInstalled(path: string): boolean {
  return path.includes('node_modules');
}

function importsOf(source: string): Import[] {
  const found: Import[] = [];
  for (const match of source.matchAll(STATIC)) {
    const clause = (match[1] ?? '').trim();
    const names = /^\{([^}]*)\}$/.exec(clause)?.[1]?.split(',') ?? [];
    const areAllTypes = names.length > 0 && names.every((name) => /^\s*(type\s|$)/.test(name));
    found.push({
      target: match[2] as string,
      isTypeOnly: clause.startsWith('type ') || areAllTypes,
    });
  }
  for (const match of source.matchAll(BARE)) {
    found.push({ target: match[1] as string, isTypeOnly: false });
  }
  return found;
}

function judgeImport(file: string, target: string, isTest: boolean): string[] {
  const workspace = workspaceOf(file);
  if (isRelative(target)) {
    const resolved = resolveFrom(file, target);
    const other = workspaceOf(resolved);
    // The stack's own tests start it the way `pnpm dev` does.
    if (other === workspace || (workspace === 'test' && other.startsWith('scripts'))) return [];
    return [`${file}: reaches into another workspace: ${target}`];
  }
  const ours = /^@headgate\/([a-z0-9-]+)/.exec(target)?.[1];
  if (ours && isTest && FOR_TESTS.includes(ours)) return [];
  if (ours && !allowedFor(workspace).includes(ours)) {
    return [`${file}: ${workspace} may not import ${target}`];
  }
  if (!isTest && isPure(file)) return [`${file}: a pure package imports nothing, got ${target}`];
  return [];
}

function isPure(file: string): boolean {
  return PURE.some((name) => file.startsWith(`packages/${name}/src/`));
}

function ambientUses(file: string, source: string): string[] {
  return source.split('\n').flatMap((line, i) => {
    const code = line.replace(/\/\/.*|^\s*\/?\*.*/, '');
    const use = AMBIENT.exec(code)?.[1];
    return use
      ? [`${file}:${i + 1}: a pure package is given its clock and chance, found ${use}`]
      : [];
  });
}

function isRelative(target: string): boolean {
  return target.startsWith('.');
}

function resolveFrom(file: string, target: string): string {
  return normalize(join(dirname(file), target));
}

/** `packages/cache/src/x.ts` → `packages/cache`; everything below `test` is one workspace. */
function workspaceOf(file: string): string {
  const parts = relative('.', file).split('/');
  return parts[0] === 'test' ? 'test' : parts.slice(0, 2).join('/');
}

function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) {
      cycles.push(`import cycle: ${[...trail.slice(at), file].join(' → ')}`);
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}
