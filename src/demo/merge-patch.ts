// RFC 7396 merge patch, and just enough of strategic merge for the kinds of the demo: lists of objects with a known merge
// key are merged by it, other lists replaced, '$patch: delete' obeyed, ordering directives dropped.

/** Merge keys by the name of the list. Source: patchMergeKey tags in kubernetes' API types. */
const mergeKeys: Readonly<Record<string, string>> = {
  addresses: 'type',
  conditions: 'type',
  containers: 'name',
  env: 'name',
  hostAliases: 'ip',
  imagePullSecrets: 'name',
  initContainers: 'name',
  ownerReferences: 'uid',
  podIPs: 'ip',
  ports: 'containerPort',
  secrets: 'name',
  tolerations: 'key',
  topologySpreadConstraints: 'topologyKey',
  volumeMounts: 'mountPath',
  volumes: 'name',
};

type Json = Record<string, unknown>;

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Json = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else define(merged, key, mergePatch(merged[key], value));
  }
  return merged;
}

export function strategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  const merged: Json = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(withoutDirectives(patch))) {
    const mergeKey = mergeKeys[key];
    const old = merged[key];
    if (value === null) delete merged[key];
    else if (
      Array.isArray(value) &&
      mergeKey !== undefined &&
      value.every((item) => isObject(item) && mergeKey in item)
    ) {
      define(merged, key, mergeLists(Array.isArray(old) ? old : [], value, mergeKey));
    } else define(merged, key, strategicMergePatch(old, value));
  }
  return merged;
}

function mergeLists(old: readonly Json[], patches: readonly Json[], mergeKey: string): readonly unknown[] {
  const merged: unknown[] = [...old];
  for (const patch of patches) {
    const index = merged.findIndex((item) => isObject(item) && item[mergeKey] === patch[mergeKey]);
    if (patch.$patch === 'delete') {
      if (index >= 0) merged.splice(index, 1);
    } else if (index >= 0) merged[index] = strategicMergePatch(merged[index], patch);
    else merged.push(withoutDirectives(patch));
  }
  return merged;
}

function withoutDirectives(patch: Json): Json {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Assignment that cannot reach a prototype. */
function define(target: Json, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
