// The JSON of a network configuration: which members are read, of which kind, and what they are called in host-local's
// messages about a wrong kind. All else in the document is somebody else's.
import { parseAddress } from '../address.ts';
import { parseRequested } from './cni-args.ts';
import {
  anything,
  type Decoded,
  type Decoder,
  integer,
  list,
  object,
  selfReading,
  string,
  text,
} from './json-decoder.ts';
import { type Prefix, parsePrefix } from './prefix.ts';

const unlessEmpty =
  <T>(decoder: Decoder<T>): Decoder<T> =>
  (value, place, mistakes) =>
    value === '' ? undefined : decoder(value, place, mistakes);

const address = unlessEmpty(text('net.IP', parseAddress, (some) => `invalid IP address: ${some}`));
const requested = unlessEmpty(text('*ip.IP', parseRequested, (some) => `invalid IP address ${some}`));

/** null is read, and refused. */
const cidr: Decoder<Prefix> = selfReading((value, place, mistakes) =>
  text('string', parsePrefix, (some) => `invalid CIDR address: ${some}`)(value ?? '', place, mistakes),
);

const rangeFields = { subnet: cidr, rangeStart: address, rangeEnd: address, gateway: address };
const rangeSets = list(list(object('allocator.Range', rangeFields), 'allocator.RangeSet'), '[]allocator.RangeSet');

const routeFields = {
  dst: cidr,
  gw: address,
  mtu: integer,
  advmss: integer,
  priority: integer,
  table: integer,
  scope: integer,
};

/** A mistake inside a route is told as one of a field of its owner. */
const route: Decoder<Decoded<typeof routeFields>> = selfReading((value, place, mistakes) =>
  object(place.struct, routeFields, 'types.route')(value, place, mistakes),
);

const ipam = object('allocator.IPAMConfig', {
  ...rangeFields,
  dataDir: string,
  resolvConf: string,
  type: string,
  routes: list(route, '[]*types.Route'),
  ranges: rangeSets,
  retain: anything,
});

const requestedList = list(requested, '[]*ip.IP');

const runtimeConfigType =
  'struct { IPRanges []allocator.RangeSet "json:\\"ipRanges,omitempty\\""; IPs []*ip.IP "json:\\"ips,omitempty\\"" }';

export const networkDocument = object('Net', {
  name: string,
  cniVersion: string,
  ipam,
  runtimeConfig: object(
    '',
    { ipRanges: rangeSets, ips: requestedList, 'io.kubernetes.cri.pod-annotations': anything },
    runtimeConfigType,
  ),
  args: object(
    '',
    { cni: object('allocator.IPAMArgs', { ips: requestedList }) },
    'struct { A *allocator.IPAMArgs "json:\\"cni\\"" }',
  ),
  prevResult: anything,
  'cni.dev/valid-attachments': anything,
  'cni.dev/attachments': anything,
});

export type NetworkDocument = NonNullable<ReturnType<typeof networkDocument>>;
