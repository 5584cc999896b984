// The three lines of shell that the runtime starts as the plugin. Node's own variables are cleared, since a runtime hands
// its whole environment on: NODE_OPTIONS or NODE_EXTRA_CA_CERTS would cost every call three times its time, or break it.

export const bundleName = 'holdfast-ipam.cjs';
/** Begins every bundle of ours; the version follows. */
export const bundleMark = '// holdfast-ipam ';

const cleared = 'NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_PATH NODE_V8_COVERAGE NODE_COMPILE_CACHE';

/** @param node and `bundle` are absolute paths */
export const wrapperText = (node: string, bundle: string): string =>
  `#!/bin/sh\nunset ${cleared}\nexec ${shellQuote(node)} ${shellQuote(bundle)}\n`;

/** Whether it is a wrapper of ours, of any version and for any Node. */
export const isWrapper = (text: string): boolean =>
  text.startsWith('#!/bin/sh\nunset NODE_OPTIONS ') && text.trimEnd().endsWith(`/${bundleName}'`);

export const isBundle = (text: string): boolean => text.startsWith(bundleMark);

const shellQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
