/** Checks that need more than one setting: references, duplicates, routes that can never match. */
import type { ProxyConfig } from './config.ts';
import type { RouteMatch } from './router.ts';

interface Issues {
  addIssue(issue: { code: 'custom'; path: (string | number)[]; message: string }): void;
}

/** Reports every contradiction between settings; each problem names the setting to change. */
export function crossCheck(config: ProxyConfig, issues: Issues): void {
  const report = (path: (string | number)[], message: string) =>
    issues.addIssue({ code: 'custom', path, message });
  checkAddresses(config, report);
  checkUpstreams(config, report);
  checkRoutes(config, report);
}

type Report = (path: (string | number)[], message: string) => void;

function checkAddresses(config: ProxyConfig, report: Report): void {
  const owners = new Map<string, string>();
  const claim = (address: string, owner: string, path: (string | number)[]) => {
    if (address.endsWith(':0')) return;
    const other = owners.get(address);
    if (other) report(path, `${address} is taken by ${other} already`);
    else owners.set(address, owner);
  };
  config.listeners.forEach((listener, i) => {
    claim(listener.address, `listeners[${i}]`, ['listeners', i, 'address']);
  });
  if (config.admin) claim(config.admin.address, 'admin', ['admin', 'address']);
}

function checkUpstreams(config: ProxyConfig, report: Report): void {
  if (Object.keys(config.services).length === 0) {
    report(['services'], 'expected at least one service');
  }
  for (const [name, service] of Object.entries(config.services)) {
    const seen = new Map<string, number>();
    service.upstreams.forEach((upstream, i) => {
      const { origin } = new URL(upstream.url);
      const first = seen.get(origin);
      if (first === undefined) seen.set(origin, i);
      else {
        const path = ['services', name, 'upstreams', i, 'url'];
        report(path, `the same address as upstreams[${first}]; use weight to give it more`);
      }
    });
  }
}

function checkRoutes(config: ProxyConfig, report: Report): void {
  const names = Object.keys(config.services);
  config.routes.forEach((route, i) => {
    if (!names.includes(route.service)) {
      const known = names.length > 0 ? names.join(', ') : 'none';
      report(
        ['routes', i, 'service'],
        `no service is called "${route.service}"; services are: ${known}`,
      );
    }
    const shadow = config.routes
      .slice(0, i)
      .findIndex((earlier) => covers(earlier.match, route.match));
    if (shadow >= 0) {
      report(['routes', i], `can never match: routes[${shadow}] takes every request it would take`);
    }
  });
}

/** True when every request that `later` matches is matched by `earlier` too. */
function covers(earlier: RouteMatch | undefined, later: RouteMatch | undefined): boolean {
  return (
    coversHost(earlier?.host, later?.host) &&
    coversPath(earlier?.path, later?.path) &&
    (!earlier?.methods ||
      (later?.methods?.every((method) => earlier.methods?.includes(method)) ?? false)) &&
    Object.entries(earlier?.headers ?? {}).every(
      ([name, value]) => later?.headers?.[name] === value,
    )
  );
}

function coversHost(earlier: string | undefined, later: string | undefined): boolean {
  if (earlier === undefined || earlier === later) return true;
  if (later === undefined || !earlier.startsWith('*.')) return false;
  return later.endsWith(earlier.slice(1));
}

function coversPath(earlier: string | undefined, later: string | undefined): boolean {
  if (earlier === undefined || earlier === '/*' || earlier === later) return true;
  if (later === undefined || !earlier.endsWith('/*')) return false;
  return later === earlier.slice(0, -2) || later.startsWith(earlier.slice(0, -1));
}
