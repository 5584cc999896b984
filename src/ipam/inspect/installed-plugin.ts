// What the wrapper that `holdfast ipam install` writes starts. Pure.

export interface PluginWrapper {
  /** Both absolute paths. */
  readonly node: string;
  readonly bundle: string;
}

/** Undefined for a program that is none of ours. */
export function parseWrapper(text: string): PluginWrapper | undefined {
  const [, node, bundle] =
    /^#!\/bin\/sh\nunset NODE_OPTIONS [A-Z0-9_ ]*\nexec '([^']+)' '([^']+)'\s*$/.exec(text) ?? [];
  return node === undefined || bundle === undefined ? undefined : { node, bundle };
}

/** As the first line of a bundle says; undefined for what is none. */
export const bundleVersion = (text: string): string | undefined => /^\/\/ holdfast-ipam (\S+)/.exec(text)?.[1];
