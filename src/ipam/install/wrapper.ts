// The three lines of shell that the runtime starts as the plugin. Node's own variables are cleared, since a runtime hands
// its whole environment on: NODE_OPTIONS or NODE_EXTRA_CA_CERTS would cost every call three times its time, or break it.

export const bundleName = 'holdfast-ipam.cjs';
/** A Node of its own beside the plugin, where the host has none. */
export const nodeCopyName = 'holdfast-ipam-node';
/** Begins every bundle of ours; the version follows. */
export const bundleMark = '// holdfast-ipam ';

const cleared = 'NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_PATH NODE_V8_COVERAGE NODE_COMPILE_CACHE';

/**
 * @param node and `bundle` are absolute paths, or bare names of files beside the wrapper: those are found wherever the
 * directory is, which from inside a container may be elsewhere than for the runtime
 */
export const wrapperText = (node: string, bundle: string): string =>
  `#!/bin/sh\nunset ${cleared}\nexec ${shellWord(node)} ${shellWord(bundle)}\n`;

/** Whether it is a wrapper of ours, of any version and for any Node. */
export const isWrapper = (text: string): boolean =>
  text.startsWith('#!/bin/sh\nunset NODE_OPTIONS ') && /\/holdfast-ipam\.cjs['"]$/.test(text.trimEnd());

export const isBundle = (text: string): boolean => text.startsWith(bundleMark);

const shellWord = (path: string): string => (path.includes('/') ? shellQuote(path) : `"${besideWrapper}${path}"`);

/** The directory of the wrapper: a runtime starts it by its whole path. */
export const besideWrapper = `\${0%/*}/`;

const shellQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
