/** Which client connections a process holds, as the kernel has it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Ports of the clients whose connections to `port` are open in the process `pid`. */
export function clientPortsAt(pid: number, port: number): Set<number> {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode) inodes.add(inode);
  }
  const ports = new Set<number>();
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    // Number, local and remote address, state, queues, timers, retransmits, user, timeout, inode.
    const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || inode === undefined) continue;
    if (portOf(local) === port && inodes.has(inode)) ports.add(portOf(remote));
  }
  return ports;
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}
