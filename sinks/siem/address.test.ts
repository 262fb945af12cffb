/** Which addresses are public. That a webhook keeps to them is in webhook.test.ts. */
import { describe, expect, it } from 'vitest';
import { isPublic, publicLookup } from './address.ts';

describe('an address', () => {
  it.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '100.100.100.200'],
    ...['0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.0.192', '168.63.129.16', '198.18.0.1', '::', '::1', 'fe80::1', 'fe80::1%eth0'],
    ...[
      'fc00::1',
      'fd00:ec2::254',
      'ff02::1',
      '::ffff:10.0.0.1',
      '::ffff:8.8.8.8',
      '64:ff9b::a00:1',
      '2002:a00:1::1',
      '2001:db8::1',
      '2001::1',
    ],
    ...['', 'example.com', '1.2.3'],
  ])('%s is not public', (address) => expect(isPublic(address)).toBe(false));

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '169.253.1.1', '2606:4700::1111', '2a00:1450::1'])('%s is public', (address) =>
    expect(isPublic(address)).toBe(true),
  );
});

describe('the lookup of a name', () => {
  const lookup = (addresses: { address: string; family: number }[]) =>
    new Promise((resolve) => {
      const system = ((_name: string, _options: object, done: (error: null, found: object[]) => void) => done(null, addresses)) as never;
      publicLookup(system)('name.example', { all: true }, (error, found) => resolve(error ?? found));
    });
  const good = { address: '93.184.215.14', family: 4 };

  it('gives what it checked', async () => expect(await lookup([good])).toEqual([good]));

  it('refuses a name of which any address is private, and one without addresses', async () => {
    for (const bad of [[good, { address: '10.0.0.1', family: 4 }], [{ address: '::ffff:7f00:1', family: 6 }], []]) {
      expect(await lookup(bad)).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    }
  });
});
