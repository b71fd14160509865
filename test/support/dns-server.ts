/**
 * A DNS server of one test on 127.0.0.1: answers over UDP from records that may change at any time,
 * and misbehaves on demand (RFC 1035; SRV: RFC 2782).
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

interface AddressRecord {
  readonly type: 'A' | 'AAAA';
  readonly address: string;
  /** In seconds; default 60. */
  readonly ttl?: number;
}

interface ServiceRecord {
  readonly type: 'SRV';
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
  /** In seconds; default 60. */
  readonly ttl?: number;
}

type DnsRecord = AddressRecord | ServiceRecord;

/** Instead of records: no answer at all, or one with this code. A name not set is NXDOMAIN. */
type Trouble = 'silent' | Refusal;

type Refusal = 'SERVFAIL' | 'REFUSED';

export interface DnsServer {
  /** `127.0.0.1:port`, as the setting `resolver.servers` has it. */
  readonly address: string;
  /** From now on `name` has exactly these records; none of a type is "no data". */
  set(name: string, records: readonly DnsRecord[] | Trouble): void;
  /** From now on there is no such name. */
  remove(name: string): void;
  /** Questions so far, such as `A items.test`. */
  readonly asked: readonly string[];
}

const TYPES = { A: 1, AAAA: 28, SRV: 33 } as const;
const CODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

const DEFAULT_TTL_SECONDS = 60;

/** Runs until the test is over. */
export async function startDnsServer(t: TestContext): Promise<DnsServer> {
  const zone = new Map<string, readonly DnsRecord[] | Trouble>();
  const asked: string[] = [];
  const socket: Socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    const { name, type, end } = questionOf(query);
    asked.push(`${typeName(type)} ${name}`);
    const known = zone.get(name);
    if (known === 'silent') return;
    socket.send(answerTo(query.subarray(0, end), type, known), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    set: (name, records) => zone.set(name.toLowerCase(), records),
    remove: (name) => zone.delete(name.toLowerCase()),
  };
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where the question ends; what follows (EDNS) is not answered. */
  readonly end: number;
}

function questionOf(query: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let size = query.readUInt8(at); size > 0; size = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(
  question: Buffer,
  type: number,
  known: readonly DnsRecord[] | Refusal | undefined,
): Buffer {
  const isTrouble = typeof known === 'string';
  const all = isTrouble || known === undefined ? [] : known;
  const records = all.filter((record) => TYPES[record.type] === type);
  const code = known === undefined ? 'NXDOMAIN' : isTrouble ? known : 'NOERROR';
  const head = Buffer.from(question);
  // A response of an authority that offers recursion, with one question and these answers.
  head.writeUInt16BE(0x8580 | CODES[code], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...records.map(recordBytes)]);
}

function recordBytes(record: DnsRecord): Buffer {
  const data = dataOf(record);
  const head = Buffer.alloc(12);
  // The name is the one in the question, at byte 12.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(TYPES[record.type], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(record.ttl ?? DEFAULT_TTL_SECONDS, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function dataOf(record: DnsRecord): Buffer {
  if (record.type === 'SRV') return serviceBytes(record);
  if (record.type === 'AAAA') return ipv6Bytes(record.address);
  return Buffer.from(record.address.split('.').map(Number));
}

function serviceBytes({ target, port, priority = 0, weight = 0 }: ServiceRecord): Buffer {
  const numbers = Buffer.alloc(6);
  [priority, weight, port].forEach((number, i) => {
    numbers.writeUInt16BE(number, 2 * i);
  });
  const labels = target.split('.').filter((label) => label !== '');
  const name = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([numbers, ...name, Buffer.from([0])]);
}

/** `fd00::1`, with the gap at most once. */
function ipv6Bytes(address: string): Buffer {
  const [left = '', right = ''] = address.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const gap = new Array(8 - groups(left).length - groups(right).length).fill('0');
  const all = [...groups(left), ...gap, ...groups(right)].map((group) => group.padStart(4, '0'));
  return Buffer.from(all.join(''), 'hex');
}

function typeName(type: number): string {
  return Object.entries(TYPES).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
}
