// Reads a kubeconfig, YAML or JSON, as far as a daemon needs it: one context, its cluster and its user. Pure but for the
// parser, which is only loaded for YAML. Source: client-go tools/clientcmd/api/v1/types.go.
import { dirname, resolve } from 'node:path';

export type KubeconfigErrorCode =
  | 'HOLDFAST_KUBECONFIG_MISSING'
  | 'HOLDFAST_KUBECONFIG_UNREADABLE'
  | 'HOLDFAST_KUBECONFIG_MALFORMED'
  | 'HOLDFAST_KUBECONFIG_UNKNOWN_CONTEXT'
  | 'HOLDFAST_KUBECONFIG_UNSUPPORTED'
  | 'HOLDFAST_KUBECONFIG_CREDENTIAL';

/** The way to the cluster is not usable. The message says what is wrong, where, and what to do. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
  readonly code: KubeconfigErrorCode;

  constructor(code: KubeconfigErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Embedded bytes win over a file, as in client-go. File paths are absolute here. */
export type Material =
  | { readonly from: 'data'; readonly bytes: Buffer; readonly where: string }
  | { readonly from: 'file'; readonly path: string };

export interface KubeconfigContext {
  readonly server: string;
  readonly certificateAuthority?: Material;
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify: boolean;
  readonly proxyUrl?: string;
  readonly clientCertificate?: Material;
  readonly clientKey?: Material;
  readonly token?: string;
  readonly tokenFile?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** The context called `contextName`, else the current one. @throws KubeconfigError */
export async function readKubeconfig(text: string, path: string, contextName?: string): Promise<KubeconfigContext> {
  const config = await parse(text, path);
  const wanted = contextName ?? textField(config, 'current-context', path);
  if (wanted === undefined) {
    throw new KubeconfigError(
      'HOLDFAST_KUBECONFIG_UNKNOWN_CONTEXT',
      `${path} sets no current-context: run \`kubectl --kubeconfig ${path} config use-context NAME\``,
    );
  }
  const context = named(config, 'contexts', 'context', wanted, path);
  const clusterName = textField(context, 'cluster', path);
  const userName = textField(context, 'user', path);
  const cluster = clusterName === undefined ? {} : named(config, 'clusters', 'cluster', clusterName, path);
  const user = userName === undefined ? {} : named(config, 'users', 'user', userName, path);
  refuseUnsupported(user, `user "${userName}" in ${path}`);

  const server = textField(cluster, 'server', path);
  if (server === undefined) {
    throw malformed(path, `context "${wanted}" leads to no server: its cluster needs a \`server: https://…\``);
  }
  const material = (fields: Fields, key: string) => materialOf(fields, key, path);
  return withoutUndefined({
    server,
    insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'] === true,
    certificateAuthority: material(cluster, 'certificate-authority'),
    tlsServerName: textField(cluster, 'tls-server-name', path),
    proxyUrl: textField(cluster, 'proxy-url', path),
    clientCertificate: material(user, 'client-certificate'),
    clientKey: material(user, 'client-key'),
    token: textField(user, 'token', path),
    tokenFile: absolute(textField(user, 'tokenFile', path), path),
  });
}

async function parse(text: string, path: string): Promise<Fields> {
  let value: unknown;
  try {
    value = parseJson(text) ?? (await import('./parse-yaml.ts')).parseYaml(text);
  } catch (cause) {
    // Only the place and the kind of the mistake: the text around it may be a key or a token.
    const { linePos, code } = cause as { linePos?: readonly { line: number }[]; code?: string };
    const place = linePos?.[0] === undefined ? '' : ` (line ${linePos[0].line}: ${code})`;
    throw new KubeconfigError('HOLDFAST_KUBECONFIG_MALFORMED', `${path} is neither valid YAML nor JSON${place}`);
  }
  if (!isFields(value)) throw malformed(path, 'it is empty or not a mapping: is this a kubeconfig?');
  if (value.kind !== undefined && value.kind !== 'Config') {
    throw malformed(path, `it holds a ${String(value.kind)}, not a kubeconfig (kind: Config)`);
  }
  return value;
}

/** Spares most of the cost of YAML, which JSON is a part of. */
function parseJson(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    // Braces are YAML too; its parser then says where the mistake is.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function named(config: Fields, list: string, inner: string, name: string, path: string): Fields {
  const entries = config[list] ?? [];
  if (!Array.isArray(entries)) throw malformed(path, `${list} is not a list`);
  const entry = entries.find((one) => isFields(one) && one.name === name);
  if (entry === undefined) {
    const known = entries.flatMap((one) => (isFields(one) ? [`"${String(one.name)}"`] : []));
    throw new KubeconfigError(
      'HOLDFAST_KUBECONFIG_UNKNOWN_CONTEXT',
      `${path} has no ${inner} "${name}"; it has ${known.length === 0 ? `no ${list} at all` : known.join(', ')}`,
    );
  }
  const fields = entry[inner] ?? {};
  if (!isFields(fields)) throw malformed(path, `${inner} "${name}" is not a mapping`);
  return fields;
}

const unsupported: Readonly<Record<string, string>> = {
  exec: 'gets its credentials from an exec plugin',
  'auth-provider': 'gets its credentials from an auth-provider plugin',
  username: 'signs in with a password (basic auth), which apiservers no longer take',
  as: 'impersonates somebody else',
  'as-uid': 'impersonates somebody else',
  'as-groups': 'impersonates somebody else',
};

function refuseUnsupported(user: Fields, where: string): void {
  for (const [field, what] of Object.entries(unsupported)) {
    if (user[field] === undefined || user[field] === null || user[field] === '') continue;
    throw new KubeconfigError(
      'HOLDFAST_KUBECONFIG_UNSUPPORTED',
      `${where} ${what} (\`${field}\`), which an unattended daemon cannot use: give it a client certificate (client-certificate, client-key) or a tokenFile`,
    );
  }
}

function materialOf(fields: Fields, key: string, path: string): Material | undefined {
  const data = textField(fields, `${key}-data`, path);
  if (data !== undefined) {
    const packed = data.replace(/\s+/g, '');
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) throw malformed(path, `${key}-data is not base64`);
    return { from: 'data', bytes: Buffer.from(packed, 'base64'), where: `${key}-data in ${path}` };
  }
  const file = absolute(textField(fields, key, path), path);
  return file === undefined ? undefined : { from: 'file', path: file };
}

/** Undefined when absent or empty, which client-go treats alike. */
function textField(fields: Fields, key: string, path: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw malformed(path, `${key} is not text (put it in quotes)`);
  return value;
}

function absolute(file: string | undefined, kubeconfigPath: string): string | undefined {
  return file === undefined ? undefined : resolve(dirname(kubeconfigPath), file);
}

function malformed(path: string, what: string): KubeconfigError {
  return new KubeconfigError('HOLDFAST_KUBECONFIG_MALFORMED', `${path}: ${what}`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> };
function withoutUndefined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<Value>;
}
