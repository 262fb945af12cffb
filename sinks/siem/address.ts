/**
 * Which addresses a webhook may go to: public ones. Without this, whoever may name an endpoint could have the gateway's
 * network asked (SSRF). The subtle point: the check is made on the very address that the socket then connects to, so a name
 * that resolves to something else a moment later gains nothing.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { ParapetError } from '../../core/errors.ts';

/** RFC 6890 and its registry; besides, the address behind which Azure keeps its machines' metadata. */
const NOT_PUBLIC_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;
/** Of 2000::/3, the only public one: special uses, documentation, and 6to4, which holds an IPv4 address. */
const NOT_PUBLIC_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const refused4 = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_V4) refused4.addSubnet(net, prefix, 'ipv4');
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');
const refused6 = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_V6) refused6.addSubnet(net, prefix, 'ipv6');

/** False for everything that is not an address, too; IPv6 forms of IPv4 addresses (mapped, NAT64) are not public. */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !refused4.check(address, 'ipv4');
  // A scope (`%eth0`) only makes sense on a link.
  return family === 6 && !address.includes('%') && global6.check(address, 'ipv6') && !refused6.check(address, 'ipv6');
}

export function notPublic(host: string): ParapetError {
  return new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `The webhook’s host ${host} is in a private or reserved network.`,
    hint: 'Use a public endpoint, or set allowPrivateNetworks if this one is meant.',
  });
}

/** Resolves like the system, and refuses a name of which any address is not public. */
export function publicLookup(resolve: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      if (addresses.length === 0 || addresses.some(({ address }) => !isPublic(address))) return callback(notPublic(hostname), '', 0);
      const [first] = addresses as [LookupAddress, ...LookupAddress[]];
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** The socket asks no lookup for a host that is an address already. */
export function refusesLiteral(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) !== 0 && !isPublic(host);
}
