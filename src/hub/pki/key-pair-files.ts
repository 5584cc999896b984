// A certificate and its key as they lie on disk: NAME.crt and NAME.key. The key is written first and never changed, so a
// crash between the two files leaves a key without a certificate, and the next start makes one for it.
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { PkiError } from './pki-error.ts';
import { readWholeFile, writeWholeFile } from './whole-file.ts';

export interface KeyPair {
  /** PEM. */
  readonly certificate: Buffer;
  /** PEM. */
  readonly key: Buffer;
}

export interface LoadedPair extends KeyPair {
  readonly parsed: X509Certificate;
  readonly privateKey: KeyObject;
}

/** What is there: a pair, a key that waits for its certificate, or nothing. */
export type StoredPair =
  | { readonly state: 'pair'; readonly pair: LoadedPair }
  | { readonly state: 'key'; readonly key: Buffer; readonly privateKey: KeyObject }
  | { readonly state: 'absent' };

export class KeyPairFiles {
  readonly certificatePath: string;
  readonly keyPath: string;

  constructor(directory: string, name: string) {
    this.certificatePath = join(directory, `${name}.crt`);
    this.keyPath = join(directory, `${name}.key`);
  }

  /** @throws PkiError for anything that is there and is not what it should be */
  async read(): Promise<StoredPair> {
    const [certificate, key] = [await readWholeFile(this.certificatePath), await readWholeFile(this.keyPath)];
    if (key === undefined) {
      if (certificate === undefined) return { state: 'absent' };
      throw new PkiError(
        'HOLDFAST_PKI_INCOMPLETE',
        this.keyPath,
        `${this.keyPath} is missing, but its certificate ${this.certificatePath} is there: ${this.#remedy}`,
      );
    }
    const privateKey = this.#parseKey(key);
    if (certificate === undefined) return { state: 'key', key, privateKey };
    const parsed = this.#parseCertificate(certificate);
    if (!parsed.checkPrivateKey(privateKey)) {
      throw this.#damaged(this.certificatePath, `does not belong to the key ${this.keyPath}`);
    }
    return { state: 'pair', pair: { certificate, key, parsed, privateKey } };
  }

  /** The stored key, or a new one (ECDSA P-256) that is on disk when this resolves. */
  async ensureKey(stored: StoredPair): Promise<{ readonly key: Buffer; readonly privateKey: KeyObject }> {
    if (stored.state === 'pair') return stored.pair;
    if (stored.state === 'key') return stored;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const text = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeWholeFile(this.keyPath, text as string, 0o600);
    return { key: Buffer.from(text), privateKey };
  }

  async writeCertificate(pem: string): Promise<void> {
    await writeWholeFile(this.certificatePath, pem, 0o644);
  }

  #parseKey(bytes: Buffer): KeyObject {
    const key = this.#attempt(this.keyPath, 'private key', () => createPrivateKey(bytes));
    if (key.asymmetricKeyType !== 'ec') {
      throw this.#damaged(this.keyPath, `holds a key of type ${key.asymmetricKeyType}, not ECDSA`);
    }
    return key;
  }

  #parseCertificate(bytes: Buffer): X509Certificate {
    return this.#attempt(this.certificatePath, 'certificate', () => new X509Certificate(bytes));
  }

  #attempt<Value>(path: string, what: string, parse: () => Value): Value {
    try {
      return parse();
    } catch (error) {
      throw this.#damaged(path, `holds no readable PEM ${what}`, error);
    }
  }

  #damaged(path: string, what: string, cause?: unknown): PkiError {
    return new PkiError('HOLDFAST_PKI_DAMAGED', path, `${path} ${what}: ${this.#remedy}`, { cause });
  }

  get #remedy(): string {
    return `restore both files from a backup, or move both away and the hub makes new ones (for ca.crt, clients then need the new one)`;
  }
}
