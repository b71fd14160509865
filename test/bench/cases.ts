/** What is asked of every contestant under load. */
import { fileURLToPath } from 'node:url';

export interface LoadCase {
  readonly name: string;
  /** What is asked, in a few words for the reader of the table. */
  readonly summary: string;
  /** A path the origins answer, see `origin.ts`. */
  readonly path: string;
  /** Bytes of the answer's body. */
  readonly answerBytes: number;
  readonly connections: number;
  readonly headers: readonly string[];
  /** A body every request carries, and the wrk script that sends it with POST. */
  readonly upload?: { readonly sizeBytes: number; readonly script: string };
}

/** With Host, 25 fields: a browser's request behind a CDN, about 1.5 kB. */
const BROWSER_HEADERS: readonly string[] = [
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Encoding: identity',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8,fr;q=0.7',
  'Authorization: Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwiaWF0IjoxNTE2MjM5MDIyfQ.c2ln',
  'Cache-Control: max-age=0',
  'CDN-Loop: edge.example; count=1',
  `Cookie: session=${'a1b2c3d4'.repeat(16)}; theme=dark; consent=necessary; cart=${'9f'.repeat(32)}`,
  'DNT: 1',
  'If-None-Match: "5f3b-5e9c1d2a7b400"',
  'Origin: https://shop.example.com',
  'Pragma: no-cache',
  'Priority: u=0, i',
  'Referer: https://shop.example.com/catalogue/chairs?sort=price&page=3',
  'Sec-CH-UA: "Chromium";v="130", "Not?A_Brand";v="99"',
  'Sec-CH-UA-Mobile: ?0',
  'Sec-CH-UA-Platform: "Linux"',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-User: ?1',
  'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'X-Client-Version: 2026.11.3',
];

export const loadCases: readonly LoadCase[] = [
  {
    name: 'small-get',
    summary: 'GET, 100 B answer, 64 connections',
    path: '/small',
    answerBytes: 100,
    connections: 64,
    headers: [],
  },
  {
    name: 'get-25-headers',
    summary: 'GET with 25 header fields, 4 KiB answer, 64 connections',
    path: '/4k',
    answerBytes: 4096,
    connections: 64,
    headers: BROWSER_HEADERS,
  },
  {
    name: 'post-16k',
    summary: 'POST of 16 KiB, 100 B answer, 64 connections',
    path: '/post',
    answerBytes: 100,
    connections: 64,
    headers: [],
    upload: {
      sizeBytes: 16_384,
      script: fileURLToPath(new URL('post-16k.lua', import.meta.url)),
    },
  },
  {
    name: 'get-64k',
    summary: 'GET, 64 KiB answer, 64 connections',
    path: '/64k',
    answerBytes: 65_536,
    connections: 64,
    headers: [],
  },
  {
    name: 'get-1m',
    summary: 'GET, 1 MiB answer, 16 connections',
    path: '/1m',
    answerBytes: 1_048_576,
    connections: 16,
    headers: [],
  },
  {
    name: 'chunked-64k',
    summary: 'GET, 64 KiB answer in chunks from the origin, 64 connections',
    path: '/chunked-64k',
    answerBytes: 65_536,
    connections: 64,
    headers: [],
  },
  {
    name: 'churn',
    summary: 'GET, 100 B answer, a new connection for every request, 64 at a time',
    path: '/small',
    answerBytes: 100,
    connections: 64,
    headers: ['Connection: close'],
  },
];
