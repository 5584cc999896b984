// CNI_ARGS, `KEY=value;KEY=value`: whatever else the runtime wants to tell.
import { type Address, parseAddress } from '../address.ts';
import type { PodOfAttachment } from './attachment.ts';
import { goQuote, goQuoteAll } from './go-text.ts';
import { parsePrefix } from './prefix.ts';

/**
 * The address asked for by `IP=`, of text that is checked whole: keys are case-sensitive, and unknown ones are refused
 * unless `IgnoreUnknown` is 1 or true. Those that name the pod count as unknown, as they do to host-local.
 * @throws Error with host-local's message
 */
export const parseCniArgs = (text: string): Address | undefined => {
  let address: Address | undefined;
  let ignoresUnknown = false;
  const unknown: string[] = [];
  for (const pair of text === '' ? [] : text.split(';')) {
    const [key, value, ...more] = pair.split('=');
    if (value === undefined || more.length > 0) throw new Error(`ARGS: invalid pair ${goQuote(pair)}`);
    const mistaken = (why: string): Error => new Error(`ARGS: error parsing value of pair ${goQuote(pair)}: ${why}`);
    if (key === 'IP') {
      address = parseRequested(value);
      if (address === undefined && value !== '') throw mistaken(`invalid IP address ${value}`);
    } else if (key === 'IgnoreUnknown') {
      const lower = value.toLowerCase();
      if (!['0', '1', 'false', 'true'].includes(lower)) {
        throw mistaken(`boolean unmarshal error: invalid input ${lower}`);
      }
      ignoresUnknown = lower === '1' || lower === 'true';
    } else {
      unknown.push(pair);
    }
  }
  if (unknown.length > 0 && !ignoresUnknown) throw new Error(`ARGS: unknown args ${goQuoteAll(unknown)}`);
  return address;
};

/** The pod that kubelet's runtime names; undefined when there is none, whatever else is wrong with the text. */
export const podOfCniArgs = (text: string): PodOfAttachment | undefined => {
  const values = new Map(text.split(';').map((pair) => [pair.split('=', 1)[0]!, pair.slice(pair.indexOf('=') + 1)]));
  const [namespace, name] = [values.get('K8S_POD_NAMESPACE'), values.get('K8S_POD_NAME')];
  return namespace && name ? { namespace, name, uid: values.get('K8S_POD_UID') ?? '' } : undefined;
};

/** An address with or without a prefix, which is not looked at; undefined for what is neither. */
export const parseRequested = (text: string): Address | undefined =>
  text.includes('/') ? parsePrefix(text)?.address : parseAddress(text);
