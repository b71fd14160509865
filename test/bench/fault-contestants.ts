/** Who takes part in a scenario: Headgate as shipped, with what the scenario grants it, and peers. */
import { join } from 'node:path';
import { headgateMain } from '../support/headgate-command.ts';
import { type Contestant, manifestVersion, type Place } from './contestants/contestant.ts';
import { faultPeers } from './fault-peers.ts';
import type { FaultScenario, HeadgateSettings } from './fault-scenarios.ts';

const manifest = new URL('../../apps/proxy/package.json', import.meta.url);

/** Headgate's entries first; `peers` are the names of the others that are wanted. */
export function contestantsOf(scenario: FaultScenario, peers: readonly string[]): Contestant[] {
  const ours = Object.entries(scenario.headgate).map(([name, settings]) => ({
    name,
    version: () => manifestVersion(manifest),
    launch: (place: Place) => ({
      command: process.execPath,
      args: [headgateMain, 'run', '--config', join(place.folder, 'headgate.config.json')],
      files: { 'headgate.config.json': JSON.stringify(headgateConfig(place, settings)) },
    }),
  }));
  return [...ours, ...faultPeers.filter(({ name }) => peers.includes(name))];
}

function headgateConfig(
  { port, adminPort, origins }: Place,
  { service, route }: HeadgateSettings,
): unknown {
  return {
    listeners: [{ address: `127.0.0.1:${port}` }],
    admin: { address: `127.0.0.1:${adminPort}` },
    services: {
      origins: { upstreams: origins.map((address) => ({ url: `http://${address}` })), ...service },
    },
    routes: [{ service: 'origins', ...route }],
  };
}
