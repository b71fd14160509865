// Which addresses are public, judged by a second reading of the registries, and by what URLs make
// of the many ways to write one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPublicAddress } from './public-url-address.ts';

/** First and last address of what is not public, as RFC 6890 and its successors list it. */
const special = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['168.63.129.16', '168.63.129.16'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
].map((range) => range.map(numberOf)) as [number, number][];

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

const anyIpv4 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
/** Addresses in and right beside the ranges, which chance alone would hardly ever meet. */
const nearRanges = fc
  .tuple(fc.constantFrom(...special), fc.constantFrom(0, 1), fc.integer({ min: -2, max: 2 }))
  .map(([range, side, by]) => Math.min(2 ** 32 - 1, Math.max(0, (range[side] ?? 0) + by)));
const ipv4 = fc.oneof(anyIpv4, nearRanges);
const specialIpv4 = fc
  .constantFrom(...special)
  .chain(([first, last]) => fc.integer({ min: first, max: last }));

test('an IPv4 address is public unless it is in a special range', () => {
  fc.assert(
    fc.property(ipv4, (number) => {
      const isSpecial = special.some(([first, last]) => number >= first && number <= last);
      assert.equal(isPublicAddress(dotted(number)), !isSpecial, dotted(number));
    }),
    { numRuns: 5000 },
  );
});

test('no IPv4 address is public in the clothes of IPv6', () => {
  const clothes: ((hex: string, text: string) => string)[] = [
    (_, text) => `::ffff:${text}`,
    (hex) => `::ffff:${hex}`,
    (hex) => `::ffff:0:${hex}`,
    (_, text) => `::${text}`,
    (hex) => `64:ff9b::${hex}`,
    (hex) => `64:ff9b:1::${hex}`,
    (hex) => `2002:${hex}::1`,
    (hex) => `2001:0:${hex}::1`,
  ];
  fc.assert(
    fc.property(ipv4, fc.constantFrom(...clothes), (number, dress) => {
      const hex = `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
      const address = dress(hex, dotted(number));
      assert.equal(isPublicAddress(address), false, address);
    }),
    { numRuns: 3000 },
  );
});

test('only global unicast IPv6 addresses are public', () => {
  const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, fc.boolean(), ([first = 0, second = 0, ...rest], isGlobal) => {
      const start = isGlobal ? 0x2000 + (first % 0x2000) : first;
      const isSpecial =
        (start === 0x2001 && (second < 0x200 || second === 0xdb8)) ||
        start === 0x2002 ||
        (start === 0x3fff && second < 0x1000);
      const isExpected = start >= 0x2000 && start <= 0x3fff && !isSpecial;
      const address = [start, second, ...rest].map((group) => group.toString(16)).join(':');
      assert.equal(isPublicAddress(address), isExpected, address);
    }),
    { numRuns: 3000 },
  );
  const known = {
    '2606:4700:4700::1111': true,
    '2a00:1450:4001:81b::200e': true,
    '2001:200::1': true,
    '2001:1ff::1': false,
    '2001:db8::1': false,
    '3fff:fff::1': false,
    '::': false,
    '::1': false,
    'fe80::1': false,
    'fe80::1%eth0': false,
    '2606:4700:4700::1111%eth0': false,
    'fec0::1': false,
    'fc00::1': false,
    'fd00:ec2::254': false,
    'ff02::1': false,
    '5f00::1': false,
    '100::1': false,
  };
  for (const [address, isPublic] of Object.entries(known)) {
    assert.equal(isPublicAddress(address), isPublic, address);
  }
});

test('what is no address is not public', () => {
  for (const text of [
    '',
    'example.com',
    '1',
    '8.8.8',
    '8.8.8.8.8',
    '08.8.8.8',
    '0x8.8.8.8',
    ' 8.8.8.8',
    '8.8.8.8/8',
    '[::1]',
  ]) {
    assert.equal(isPublicAddress(text), false, text);
  }
});

test('URLs read every spelling of an address as the address it is', () => {
  const spellings: ((part: number) => string)[] = [
    (part) => String(part),
    (part) => `0${part.toString(8)}`,
    (part) => `0x${part.toString(16)}`,
    (part) => `0X${part.toString(16).toUpperCase()}`,
  ];
  const spelling = fc.constantFrom(...spellings);
  const spelled = fc.tuple(spelling, spelling, spelling, spelling);
  fc.assert(
    fc.property(specialIpv4, spelled, fc.integer({ min: 1, max: 4 }), (number, spell, parts) => {
      // The last of fewer than four parts stands for all the bytes that remain.
      const values = [24, 16, 8].slice(0, parts - 1).map((shift) => (number >>> shift) & 255);
      values.push(number % 256 ** (5 - parts));
      const host = values.map((value, i) => spell[i]?.(value)).join('.');
      const { hostname } = new URL(`http://${host}/`);
      assert.equal(hostname, dotted(number), host);
      assert.equal(isPublicAddress(hostname), false, host);
    }),
    { numRuns: 3000 },
  );
});
