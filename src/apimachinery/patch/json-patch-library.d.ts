// The part of json-patch 0.7.0 that we call; the package brings no types.
declare module 'json-patch' {
  interface Operation {
    readonly op: 'add' | 'remove' | 'replace';
    readonly path: string;
    readonly value?: unknown;
  }
  const library: {
    /** Applies in place; the result is another value only when the root was replaced. */
    apply(document: unknown, operations: readonly Operation[]): unknown;
  };
  export = library;
}
