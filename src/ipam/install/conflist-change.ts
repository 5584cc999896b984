// What to change in a file of the runtime's CNI directory so that its pods' addresses come from another IPAM plugin: one
// word, and no other byte. Says why where that is not possible. Pure.
import { asObject, type JsonMembers } from '../json-members.ts';
import { applyEdits, findJsonPlace, type JsonEdit } from './json-place.ts';

export const ourType = 'holdfast-ipam';
export const hostLocalType = 'host-local';

export type ConflistChange =
  | {
      readonly kind: 'change';
      readonly network: string;
      readonly text: Buffer;
      /** What else to know about it; each a sentence. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'already'; readonly network: string }
  | { readonly kind: 'refused'; readonly network: string; readonly reason: string };

interface PluginPart {
  readonly plugin: JsonMembers;
  /** Leads to it from the top of the file. */
  readonly path: readonly (string | number)[];
}

type Wish = 'done' | 'nothing' | { readonly edit: JsonEdit } | { readonly refusal: string };

/** @param from the type that gives its place up to `to` */
export const changeIpamType = (bytes: Buffer, from: string, to: string): ConflistChange => {
  const json = readObject(bytes);
  if (typeof json === 'string') return { kind: 'refused', network: '', reason: json };
  const network = typeof json.name === 'string' ? json.name : '';
  const parts = partsOf(json);
  const wishes = parts.map((part) => wishFor(bytes, part, from, to));
  const refusal = wishes.find((wish) => typeof wish === 'object' && 'refusal' in wish);
  if (refusal !== undefined) return { kind: 'refused', network, reason: (refusal as { refusal: string }).refusal };
  const edits = wishes.flatMap((wish) => (typeof wish === 'object' && 'edit' in wish ? [wish.edit] : []));
  if (edits.length > 0) return { kind: 'change', network, text: applyEdits(bytes, edits), warnings: warningsOf(parts) };
  if (wishes.includes('done')) return { kind: 'already', network };
  return { kind: 'refused', network, reason: `none of its plugins takes addresses from ${from} (${typesOf(parts)})` };
};

/** Words when it is none. */
const readObject = (bytes: Buffer): JsonMembers | string => {
  try {
    return asObject(JSON.parse(bytes.toString())) ?? 'it is no JSON object';
  } catch (error) {
    if (error instanceof SyntaxError) return `it is no JSON (${error.message})`;
    throw error;
  }
};

/** A list of plugins, or one plugin that is the whole file. */
const partsOf = (json: JsonMembers): readonly PluginPart[] => {
  if (!Array.isArray(json.plugins)) return [{ plugin: json, path: [] }];
  return json.plugins.flatMap((plugin: unknown, index) => {
    const object = asObject(plugin);
    return object === undefined ? [] : [{ plugin: object, path: ['plugins', index] }];
  });
};

const wishFor = (bytes: Buffer, part: PluginPart, from: string, to: string): Wish => {
  const { plugin, path } = part;
  const ipam = asObject(plugin.ipam);
  const delegate = asObject(plugin.delegate);
  if (plugin.type === 'flannel') {
    if (delegate?.ipam !== undefined) {
      return {
        refusal: 'flannel rejects an ipam inside its delegate; move it up beside the delegate, then run this again',
      };
    }
    if (ipam?.type === undefined)
      return from === hostLocalType ? { edit: giveFlannelIpam(bytes, part, to) } : 'nothing';
  }
  if (plugin.type === 'multus' || Array.isArray(plugin.delegates) || delegate?.ipam !== undefined) {
    return {
      refusal: `${plugin.type} hands the work on to other plugins; change where each of them is configured (for Multus the NetworkAttachmentDefinition, or the file of its default network)`,
    };
  }
  if (ipam?.type === to) return 'done';
  if (ipam?.type !== from) return 'nothing';
  if (to === ourType && plugin.type === 'calico' && JSON.stringify(ipam).includes('"usePodCidr')) {
    return {
      refusal: `calico fills usePodCidr in for the type ${hostLocalType} alone; write the node's own subnets in its place, then run this again`,
    };
  }
  const place = findJsonPlace(bytes, [...path, 'ipam', 'type']);
  return place === undefined ? 'nothing' : { edit: { ...place, text: JSON.stringify(to) } };
};

/** flannel takes host-local by itself when nothing is said. The new line looks like the one beside it. */
const giveFlannelIpam = (bytes: Buffer, { plugin, path }: PluginPart, to: string): JsonEdit => {
  const isEmpty = asObject(plugin.ipam) === undefined;
  const beside = findJsonPlace(bytes, isEmpty ? [...path, 'type'] : [...path, 'ipam'])!;
  if (isEmpty) {
    const before = bytes.toString('utf8', 0, beside.key);
    const gap = before.slice(before.trimEnd().length);
    return { start: beside.end, end: beside.end, text: `,${gap || ' '}"ipam": {"type": "${to}"}` };
  }
  const comma = Object.keys(plugin.ipam as object).length === 0 ? '' : ', ';
  return { start: beside.start + 1, end: beside.start + 1, text: `"type": "${to}"${comma}` };
};

const warningsOf = (parts: readonly PluginPart[]): readonly string[] =>
  parts.flatMap(({ plugin }) => {
    const { dataDir, routes } = asObject(plugin.ipam) ?? {};
    const isEmptied = typeof dataDir === 'string' && /^\/(run|tmp|var\/run|dev\/shm)(\/|$)/.test(dataDir);
    return [
      ...(isEmptied
        ? [
            `Its dataDir ${dataDir} is emptied when the node starts: no address outlives that. Give a directory on disk, such as /var/lib/cni/networks.`,
          ]
        : []),
      ...(plugin.type === 'calico' && Array.isArray(routes) && routes.length > 0
        ? [
            `calico goes by routes in ipam for the type ${hostLocalType} alone: pods that start from now on get its own default routes.`,
          ]
        : []),
    ];
  });

const typesOf = (parts: readonly PluginPart[]): string => {
  const names = parts.map(({ plugin }) => {
    const ipam = asObject(plugin.ipam)?.type;
    return `${plugin.type ?? 'a plugin without a type'}${ipam === undefined ? '' : ` with ${ipam}`}`;
  });
  return names.join(', ') || 'it has none';
};
