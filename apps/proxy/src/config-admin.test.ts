import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { itRefuses, whole } from './broken-config.test-support.ts';
import { type ProxyConfigInput, proxySchema } from './config.ts';
import { redacted } from './config-redacted.ts';

describe('the admin section', () => {
  itRefuses({
    name: 'a token that can be guessed, which it does not print',
    text: whole('admin: { address: 127.0.0.1:9090, token: hunter2 }'),
    problems: ['4  admin.token: expected at least 16 characters'],
  });
  itRefuses({
    name: 'a token that no header can carry',
    text: whole('admin: { address: 127.0.0.1:9090, token: "sixteen letters, at least" }'),
    problems: ['4  admin.token: expected printable ASCII without spaces, as it goes into a header'],
  });
  itRefuses({
    name: 'a token and a file that has one',
    text: whole(
      'admin:',
      '  address: 127.0.0.1:9090',
      '  token: correct-horse-battery',
      '  tokenFile: token.txt',
    ),
    problems: ['7  admin.tokenFile: expected either token or tokenFile, not both'],
  });
  it('is shown without its token', () => {
    const input: ProxyConfigInput = {
      listeners: [{ address: '127.0.0.1:8080' }],
      services: { items: { upstreams: [{ url: 'http://127.0.0.1:4001' }] } },
      routes: [{ service: 'items' }],
    };
    const plain = proxySchema.parse(input);
    assert.deepEqual(redacted(plain), plain);
    const admin = { address: '127.0.0.1:9090', token: 'correct-horse-battery' };
    const secret = proxySchema.parse({ ...input, admin });
    assert.deepEqual(redacted(secret).admin, { address: '127.0.0.1:9090', token: '<secret>' });
    assert.equal(secret.admin?.token, admin.token);
  });
});
