// Which pod sandboxes the container runtime knows, ready or not. Of the Container Runtime Interface this one question is all
// that is asked, and of its answer one field of each sandbox is read.
// Source: cri-api pkg/apis/runtime/v1/api.proto (ListPodSandbox).
import type { Clock } from '../../../apimachinery/clock.ts';
import { WireReader } from '../../../apimachinery/protobuf/wire-reader.ts';
import { CriError } from './cri-error.ts';
import { unaryCall } from './unary-call.ts';

export interface PodSandboxesOptions {
  /** Path of the runtime's Unix socket. */
  readonly socket: string;
  readonly clock: Pick<Clock, 'setTimeout'>;
  /** So long the runtime may take. */
  readonly timeoutMs: number;
}

const path = '/runtime.v1.RuntimeService/ListPodSandbox';
const everySandbox = Buffer.alloc(0); // a request without a filter

/** Container ids in any state. @throws CriError when it cannot be said which there are; the signal's reason */
export async function listPodSandboxes(
  { socket, clock, timeoutMs }: PodSandboxesOptions,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const limit = new AbortController();
  const timer = clock.setTimeout(
    () => limit.abort(new CriError(`the container runtime at ${socket} did not answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return sandboxIds(
      await unaryCall({ socket, path, message: everySandbox, signal: AbortSignal.any([signal, limit.signal]) }),
    );
  } finally {
    timer.cancel();
  }
}

/** `ListPodSandboxResponse { repeated PodSandbox items = 1 }`, `PodSandbox { string id = 1 }` @throws CriError */
export function sandboxIds(response: Buffer): ReadonlySet<string> {
  const ids = new Set<string>();
  try {
    const reader = new WireReader(response);
    eachField(reader, (field) => {
      if (field !== 1) return false;
      let id = '';
      const sandbox = reader.message();
      eachField(sandbox, (inner) => {
        if (inner !== 1) return false;
        id = sandbox.string();
        return true;
      });
      if (id === '') throw new TypeError('a sandbox has no id');
      ids.add(id);
      return true;
    });
  } catch (cause) {
    throw new CriError('the container runtime’s list of sandboxes cannot be read', { cause });
  }
  return ids;
}

/** @param read answers whether it has read the field, of which every one here is one that a length stands before */
function eachField(reader: WireReader, read: (field: number) => boolean): void {
  while (!reader.isAtEnd) {
    const header = reader.header();
    const [field, wireType] = [header >>> 3, header & 7];
    if (wireType === 2 && read(field)) continue;
    if (wireType === 0) reader.int64();
    else if (wireType === 1) reader.double();
    else if (wireType === 2) reader.bytes();
    else throw new TypeError(`a field of wire type ${wireType}`);
  }
}
