// The three lines of shell that the runtime starts as the plugin. Node's own variables are cleared, since a runtime hands
// its whole environment on: NODE_OPTIONS or NODE_EXTRA_CA_CERTS would cost every call three times its time, or break it.
// Written and read here. Pure.
import { dirname, join } from 'node:path';

export const bundleName = 'holdfast-ipam.cjs';
/** A Node of its own beside the plugin, where the host has none. */
export const nodeCopyName = 'holdfast-ipam-node';
/** Begins every bundle of ours; the version follows. */
export const bundleMark = '// holdfast-ipam ';

export const clearedVariables: readonly string[] = [
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_PATH',
  'NODE_V8_COVERAGE',
  'NODE_COMPILE_CACHE',
];

/**
 * @param node and `bundle` are absolute paths, or bare names of files beside the wrapper: those are found wherever the
 * directory is, which from inside a container may be elsewhere than for the runtime
 */
export const wrapperText = (node: string, bundle: string): string =>
  `#!/bin/sh\nunset ${clearedVariables.join(' ')}\nexec ${shellWord(node)} ${shellWord(bundle)}\n`;

/** Whether it is a wrapper of ours, of any version and for any Node. */
export const isWrapper = (text: string): boolean =>
  text.startsWith('#!/bin/sh\nunset NODE_OPTIONS ') && /\/holdfast-ipam\.cjs['"]$/.test(text.trimEnd());

const shellWord = (path: string): string => (path.includes('/') ? shellQuote(path) : `"${besideWrapper}${path}"`);

/** The directory of the wrapper: a runtime starts it by its whole path. */
const besideWrapper = `\${0%/*}/`;

const shellQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export interface PluginWrapper {
  /** Both absolute paths. */
  readonly node: string;
  readonly bundle: string;
}

/** @param path of the wrapper. Undefined for a program that is none of ours. */
export function parseWrapper(path: string, text: string): PluginWrapper | undefined {
  const [, node, bundle] = startsTwo.exec(text) ?? [];
  return node === undefined || bundle === undefined
    ? undefined
    : { node: pathOf(path, node), bundle: pathOf(path, bundle) };
}

const word = `('(?:[^']|'\\\\'')+'|"[^"]+")`;
const startsTwo = new RegExp(`^#!/bin/sh\\nunset NODE_OPTIONS [A-Z0-9_ ]*\\nexec ${word} ${word}\\s*$`);

/** Of a quoted word; in double quotes are those beside the wrapper. */
function pathOf(wrapper: string, quoted: string): string {
  const inside = quoted.slice(1, -1);
  return quoted.startsWith('"')
    ? join(dirname(wrapper), inside.replace(besideWrapper, ''))
    : inside.replaceAll("'\\''", "'");
}

export const isBundle = (text: string): boolean => text.startsWith(bundleMark);

/** As its first line says; undefined for what is no bundle. */
export const bundleVersion = (text: string): string | undefined =>
  isBundle(text) ? /^\S+/.exec(text.slice(bundleMark.length))?.[0] : undefined;
