// The answer to ADD, byte for byte as host-local prints it in the version that the configuration speaks.
import { formatAddress } from '../address.ts';
import { goJson } from './go-text.ts';
import type { Route } from './network-config.ts';
import { formatPrefix } from './prefix.ts';
import type { Dns } from './resolv-conf.ts';
import { type SpecVersion, specVersion } from './spec-version.ts';
import type { AssignedAddress } from './verbs.ts';

type Assigned = Pick<AssignedAddress, 'address' | 'range'>;

export interface Result {
  readonly assigned: readonly Assigned[];
  readonly routes: readonly Route[];
  readonly dns: Dns;
}

/**
 * Without a newline at the end.
 * @param cniVersion as configured; empty means 0.1.0
 */
export const formatResult = (result: Result, cniVersion: string): string =>
  goJson(inVersion(result, specVersion(cniVersion)));

const inVersion = (result: Result, cniVersion: SpecVersion): object => {
  if (cniVersion === '0.1.0' || cniVersion === '0.2.0') return oneOfEachFamily(result, cniVersion);
  if (cniVersion.startsWith('0.')) return withFamilies(result, cniVersion);
  return sorted({
    cniVersion,
    dns: sorted(dnsJson(result.dns)),
    ips: result.assigned.map((one) => ({ address: addressJson(one), gateway: formatAddress(one.range.gateway) })),
    routes: result.routes.map((route) => sorted(routeJson(route))),
  });
};

/** 0.3.0 to 0.4.0. */
const withFamilies = ({ assigned, routes, dns }: Result, cniVersion: SpecVersion): object => ({
  cniVersion,
  ips: assigned.map((one) => ({
    version: String(one.address.family),
    address: addressJson(one),
    gateway: formatAddress(one.range.gateway),
  })),
  ...(routes.length > 0 && { routes: routes.map(routeJson) }),
  dns: dnsJson(dns),
});

/** 0.1.0 and 0.2.0: the first address of each family, and with it the routes of its family, of which little remains. */
const oneOfEachFamily = ({ assigned, routes, dns }: Result, cniVersion: SpecVersion): object => {
  const ofFamily = (family: 4 | 6): object | undefined => {
    const first = assigned.find(({ address }) => address.family === family);
    if (first === undefined) return undefined;
    // A route that leads nowhere counts as one of IPv6.
    const own = routes.filter(({ dst }) => (dst?.address.family ?? 6) === family);
    return {
      ip: addressJson(first),
      gateway: formatAddress(first.range.gateway),
      ...(own.length > 0 && {
        routes: own.map(({ dst, gw }) => routeJson({ ...(dst && { dst }), ...(gw && { gw }) })),
      }),
    };
  };
  const [ip4, ip6] = [ofFamily(4), ofFamily(6)];
  return { cniVersion, ...(ip4 && { ip4 }), ...(ip6 && { ip6 }), dns: dnsJson(dns) };
};

const addressJson = ({ address, range }: Assigned): string => `${formatAddress(address)}/${range.subnet.prefix}`;

/** Zeros are left out, but not those of `table` and `scope`, which mean something. */
const routeJson = ({ dst, gw, mtu, advmss, priority, table, scope }: Route): object => ({
  dst: dst === undefined ? '<nil>' : formatPrefix(dst),
  ...(gw && { gw: formatAddress(gw) }),
  ...(mtu && { mtu }),
  ...(advmss && { advmss }),
  ...(priority && { priority }),
  ...(table !== undefined && { table }),
  ...(scope !== undefined && { scope }),
});

const dnsJson = ({ nameservers, domain, search, options }: Dns): object => ({
  ...(nameservers.length > 0 && { nameservers }),
  ...(domain !== '' && { domain }),
  ...(search.length > 0 && { search }),
  ...(options.length > 0 && { options }),
});

/** By key; members that are empty are left out. */
const sorted = (some: object): object =>
  Object.fromEntries(
    Object.entries(some)
      .filter(([, value]) => typeof value !== 'object' || Object.keys(value).length > 0)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
