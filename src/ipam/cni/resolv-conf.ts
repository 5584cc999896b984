// A resolv.conf, as the part of the answer that tells a container where names are resolved.

export interface Dns {
  readonly nameservers: readonly string[];
  /** Empty for none. */
  readonly domain: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export const noDns: Dns = { nameservers: [], domain: '', search: [], options: [] };

/** `search` and `options` add up over the lines; the last `domain` counts. */
export const parseResolvConf = (text: string): Dns => {
  const dns = { nameservers: [] as string[], domain: '', search: [] as string[], options: [] as string[] };
  for (const line of text.split('\n')) {
    const [keyword = '', ...values] = line.trim().split(/\s+/);
    if (keyword.startsWith('#') || keyword.startsWith(';') || values.length === 0) continue;
    if (keyword === 'nameserver') dns.nameservers.push(values[0]!);
    else if (keyword === 'domain') dns.domain = values[0]!;
    else if (keyword === 'search') dns.search.push(...values);
    else if (keyword === 'options') dns.options.push(...values);
  }
  return dns;
};
