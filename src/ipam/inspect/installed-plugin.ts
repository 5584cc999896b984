// What the wrapper that `holdfast ipam install` writes starts. Pure.
import { dirname, join } from 'node:path';
import { besideWrapper } from '../install/wrapper.ts';

export interface PluginWrapper {
  /** Both absolute paths. */
  readonly node: string;
  readonly bundle: string;
}

/** @param path of the wrapper. Undefined for a program that is none of ours. */
export function parseWrapper(path: string, text: string): PluginWrapper | undefined {
  const [, node, bundle] =
    /^#!\/bin\/sh\nunset NODE_OPTIONS [A-Z0-9_ ]*\nexec ('.+'|"[^"]+") ('.+'|"[^"]+")\s*$/.exec(text) ?? [];
  return node === undefined || bundle === undefined
    ? undefined
    : { node: pathOf(path, node), bundle: pathOf(path, bundle) };
}

/** Of a quoted word; in double quotes are those beside the wrapper. */
function pathOf(wrapper: string, word: string): string {
  const inside = word.slice(1, -1);
  return word.startsWith('"')
    ? join(dirname(wrapper), inside.replace(besideWrapper, ''))
    : inside.replaceAll("'\\''", "'");
}

/** As the first line of a bundle says; undefined for what is none. */
export const bundleVersion = (text: string): string | undefined => /^\/\/ holdfast-ipam (\S+)/.exec(text)?.[1];
