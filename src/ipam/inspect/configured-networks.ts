// The networks that a file of the runtime's CNI directory configures, as far as addresses are concerned. Pure.
import { CniError } from '../cni/cni-error.ts';
import { checkNetworkName } from '../cni/environment.ts';
import { defaultDataDir, parseNetworkConfig } from '../cni/network-config.ts';
import { retainWords } from '../cni/retain-policy.ts';
import { ourType } from '../install/conflist-change.ts';
import { asObject, type JsonMembers } from '../json-members.ts';

export interface ConfiguredNetwork {
  /** Of the file. */
  readonly path: string;
  readonly network: string;
  /** Of the plugin that makes the interfaces: `bridge`, `flannel`. */
  readonly pluginType: string;
  /** `holdfast-ipam`, `host-local`, …; empty when nothing is said. */
  readonly ipamType: string;
  readonly dataDir: string;
  /** Subnets as written; empty where they come from elsewhere, as with flannel. */
  readonly subnets: readonly string[];
  /** What the plugin would say instead of giving an address out; undefined when it has nothing to say. */
  readonly mistake: string | undefined;
  /** Words in the `retain` block that mean nothing. */
  readonly unknownWords: readonly string[];
}

/** Undefined for a file that is no JSON object. Only plugins with an `ipam`, and flannel, which has one without saying. */
export function configuredNetworks(path: string, text: string): readonly ConfiguredNetwork[] | undefined {
  const json = parsedObject(text);
  if (json === undefined) return undefined;
  const plugins = Array.isArray(json.plugins) ? json.plugins.map(asObject) : [json];
  return plugins.flatMap((plugin) => {
    if (plugin === undefined || (plugin.ipam === undefined && plugin.type !== 'flannel')) return [];
    const ipam = asObject(plugin.ipam) ?? {};
    return [
      {
        path,
        network: textOf(json.name) || textOf(plugin.name),
        pluginType: textOf(plugin.type),
        ipamType: textOf(ipam.type) || (plugin.type === 'flannel' ? 'host-local' : ''),
        dataDir: textOf(ipam.dataDir) || defaultDataDir,
        subnets: subnetsOf(ipam),
        mistake: ipam.type === ourType ? mistakeOf(json, plugin, ipam) : undefined,
        unknownWords: Object.keys(asObject(ipam.retain) ?? {}).filter((word) => !retainWords.includes(word)),
      },
    ];
  });
}

/** Of the plugin's part as a runtime hands it on; flannel puts its own ranges in. */
function mistakeOf(list: JsonMembers, plugin: JsonMembers, ipam: JsonMembers): string | undefined {
  const whole = plugin.type === 'flannel' ? { ...ipam, ranges: [[{ subnet: '10.0.0.0/24' }]] } : ipam;
  try {
    checkNetworkName(textOf(list.name));
    const { dataDir } = parseNetworkConfig(
      { ...plugin, cniVersion: list.cniVersion, name: list.name, ipam: whole },
      '',
    );
    return dataDir.startsWith('/') ? undefined : `dataDir ${dataDir} is taken from wherever the runtime was started`;
  } catch (error) {
    if (error instanceof CniError && error.details !== '') return `${error.message}: ${error.details}`;
    if (error instanceof Error) return error.message;
    throw error;
  }
}

function subnetsOf({ subnet, ranges }: JsonMembers): readonly string[] {
  const sets = Array.isArray(ranges) ? ranges.flat() : [];
  return [subnet, ...sets.map((range) => asObject(range)?.subnet)].filter(
    (one): one is string => typeof one === 'string' && one !== '',
  );
}

function parsedObject(text: string): JsonMembers | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
