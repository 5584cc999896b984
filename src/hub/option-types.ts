// The kinds of values an option can have: how each is written, read and refused. Pure.
// A refusal says what is wrong with the text and what would be right; where it stood is added by the caller.
import { isIP, isIPv6 } from 'node:net';
import { resolve } from 'node:path';

/** What the machine and the place of writing lend to a value: the base of relative paths, and defaults. */
export interface Surroundings {
  readonly directory: string;
  readonly homeDirectory: string;
  readonly hostName: string;
  readonly isRoot: boolean;
}

export interface OptionType<Value> {
  /** How the value is shown in usage lines, e.g. `HOST:PORT`. */
  readonly placeholder: string;
  /** What stands between several values in one text. Default: a comma. */
  readonly separator?: string;
  /** @throws InvalidValueError when the text is no such value */
  parse(text: string, surroundings: Surroundings): Value;
}

export interface HostPort {
  /** An IP address without brackets, or `localhost`. */
  readonly host: string;
  readonly port: number;
}

/** The text of one option is not a value of its type. */
export class InvalidValueError extends Error {
  override readonly name = 'InvalidValueError';
}

/** Any text; what it names is looked up by whoever uses it. */
export const name: OptionType<string> = { placeholder: 'NAME', parse: (text) => text };

export const path: OptionType<string> = {
  placeholder: 'FILE',
  parse(text, { directory, homeDirectory }) {
    if (text === '~' || text.startsWith('~/')) return resolve(homeDirectory, text.slice(2));
    return resolve(directory, text);
  },
};

export const directory: OptionType<string> = { ...path, placeholder: 'DIR' };

export function choice<Word extends string>(...words: readonly Word[]): OptionType<Word> {
  return {
    placeholder: words.join('|'),
    parse(text) {
      const word = words.find((one) => one === text);
      if (word === undefined) throw new InvalidValueError(`"${text}" is not one of ${words.join(', ')}`);
      return word;
    },
  };
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A whole number. */
export function count(limits: { min: number; max: number }): OptionType<number> {
  return {
    placeholder: 'N',
    parse: (text) => {
      const value = Number(text);
      if (!/^\d+$/.test(text) || value < limits.min || value > limits.max) {
        throw new InvalidValueError(`'${text}' is no whole number from ${limits.min} to ${limits.max}`);
      }
      return value;
    },
  };
}

/** A length of time in milliseconds, written as in Go with days added: `90s`, `1h30m`, `7d`. */
export function duration(limits: { minMs?: number; maxMs?: number } = {}): OptionType<number> {
  const { minMs = 0, maxMs = Number.MAX_SAFE_INTEGER } = limits;
  return {
    placeholder: 'DURATION',
    parse(text) {
      if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
        throw new InvalidValueError(
          `"${text}" is not a length of time; write a number and a unit, for example 90s, 1h30m or 7d`,
        );
      }
      let sumMs = 0;
      for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
        sumMs += Number(amount) * unitMs[unit!]!;
      const valueMs = Math.round(sumMs);
      if (valueMs < minMs) throw new InvalidValueError(`"${text}" is too short; at least ${formatDuration(minMs)}`);
      if (valueMs > maxMs) throw new InvalidValueError(`"${text}" is too long; at most ${formatDuration(maxMs)}`);
      return valueMs;
    },
  };
}

/** The shortest text that `duration` reads back as the same number of milliseconds. */
export function formatDuration(valueMs: number): string {
  let restMs = valueMs;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const count = Math.floor(restMs / unitMs[unit]!);
    restMs -= count * unitMs[unit]!;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

/**
 * `127.0.0.1:10268`, `[::1]:10268` or `localhost:10268`. Names that need DNS are refused: DNS may be what is cut.
 * @param examplePort for the refusal: the port this option usually has
 */
export const hostPort = (examplePort: number): OptionType<HostPort> => ({
  placeholder: 'HOST:PORT',
  parse(text) {
    const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(text);
    if (match === null)
      throw new InvalidValueError(
        `"${text}" is not HOST:PORT, for example 127.0.0.1:${examplePort} or [::1]:${examplePort}`,
      );
    const [, inBrackets, plain, digits] = match;
    const host = inBrackets ?? plain!;
    if (host === '')
      throw new InvalidValueError(`"${text}" names no address; for every address of the node write 0.0.0.0:${digits}`);
    if (inBrackets !== undefined ? !isIPv6(host) : isIP(host) !== 4 && host !== 'localhost') {
      throw new InvalidValueError(
        `"${host}" is not an IP address (or localhost); the port must open without asking DNS`,
      );
    }
    const port = Number(digits);
    if (port > 65_535) throw new InvalidValueError(`port ${digits} does not exist; ports end at 65535`);
    return { host, port };
  },
});

/** `169.254.2.1`, `169.254.2.1:10268`, `fd00::2:1` or `[fd00::2:1]:10268`: one address of this node, never all. */
export const nodeAddress: OptionType<HostPort> = {
  placeholder: 'IP[:PORT]',
  parse(text, surroundings) {
    if (isIP(text) === 0 && !/:\d+$/.test(text)) {
      throw new InvalidValueError(`"${text}" is not IP or IP:PORT, for example 169.254.2.1 or 169.254.2.1:${nodePort}`);
    }
    const address = isIP(text) === 0 ? hostPort(nodePort).parse(text, surroundings) : { host: text, port: nodePort };
    if (isIP(address.host) === 0 || address.host === '0.0.0.0' || address.host === '::') {
      throw new InvalidValueError(`"${text}" is not one address; write it in digits, for example 169.254.2.1`);
    }
    if (address.port === 0)
      throw new InvalidValueError(`"${text}": clients are told this port, so it has to be a fixed one`);
    return address;
  },
};

const nodePort = 10_268;

export const loopbackHostPort = (examplePort: number): OptionType<HostPort> => ({
  placeholder: 'HOST:PORT',
  parse(text, surroundings) {
    const address = hostPort(examplePort).parse(text, surroundings);
    if (!isLoopback(address.host)) {
      throw new InvalidValueError(
        `"${address.host}" is not a loopback address; whoever reaches this port acts as the node, so only 127.0.0.0/8, [::1] or localhost`,
      );
    }
    return address;
  },
});

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

export function formatHostPort({ host, port }: HostPort): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An https URL with nothing after the port; plain http only to this machine, where no token crosses a network. */
export const serverUrl: OptionType<string> = {
  placeholder: 'URL',
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw new InvalidValueError(
        `"${text}" is not a URL of a kube-apiserver, for example ${meantUrl(text) ?? 'https://10.0.0.1:6443'}`,
      );
    }
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
      throw new InvalidValueError(
        `"${url.origin}…" carries a user, a query or a fragment; give only the address, credentials have their own options`,
      );
    }
    if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) {
      throw new InvalidValueError(
        `"${text}" would send tokens unencrypted; use https (plain http is for this machine only)`,
      );
    }
    return url.href.replace(/\/+$/, '');
  },
};

/** What stands in `kubeadm join 10.0.0.1:6443`, or an IPv6 address without its brackets, written as it should be. */
function meantUrl(text: string): string | undefined {
  const place = text.replace(/^https?:\/\//, '');
  const [, address = '', port = ''] = /^([0-9a-f:]+):(\d+)$/i.exec(place) ?? [];
  if (isIPv6(address) && port.length > 3) return `https://[${address}]:${port}`;
  if (isIPv6(place)) return `https://[${place}]:6443`;
  return /^[\w.-]+(:\d+)?$/.test(place) && place === text ? `https://${place}` : undefined;
}

const dnsLabel = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const dnsSubdomain = new RegExp(`^${dnsLabel}(\\.${dnsLabel})*$`);

/** A Node object's name: an RFC 1123 subdomain of at most 253 characters. */
export const nodeName: OptionType<string> = {
  placeholder: 'NAME',
  parse(text) {
    if (text.length > 253 || !dnsSubdomain.test(text)) {
      throw new InvalidValueError(
        `"${text}" cannot be a node's name; lower-case letters, digits, "-" and ".", as \`kubectl get nodes\` prints it`,
      );
    }
    return text;
  },
};

/** A name or IP address that the serving certificate shall also be valid for. */
export const subjectName: OptionType<string> = {
  placeholder: 'NAME|IP',
  parse(text) {
    if (isIP(text) === 0 && !dnsSubdomain.test(text.replace(/^\*\./, ''))) {
      throw new InvalidValueError(`"${text}" is neither an IP address nor a DNS name`);
    }
    return text;
  },
};
