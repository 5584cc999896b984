// What the container runtime itself says of the pods on a node: a very small client of the Container Runtime Interface
// (cri-api, runtime.v1), which is gRPC over HTTP/2 on a Unix socket. It only asks; nothing is changed by it.
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

export interface RunningContainer {
  readonly id: string;
  readonly pod: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly name: string;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  /** How often kubelet has started it before in this sandbox. */
  readonly attempt: number;
}

/** Answers once the runtime does; its name and version. */
export async function runtimeVersion(socket: string): Promise<string> {
  const answer = await call(socket, 'Version');
  return `${text(answer, 2)} ${text(answer, 3)}`;
}

export async function listContainers(socket: string): Promise<RunningContainer[]> {
  const answer = await call(socket, 'ListContainers');
  return messages(answer, 1).map((container) => {
    const labels = new Map(messages(container, 8).map((label) => [text(label, 1), text(label, 2)]));
    const metadata = messages(container, 3)[0];
    return {
      id: text(container, 1),
      pod: labels.get('io.kubernetes.pod.name') ?? '',
      podUid: labels.get('io.kubernetes.pod.uid') ?? '',
      namespace: labels.get('io.kubernetes.pod.namespace') ?? '',
      name: labels.get('io.kubernetes.container.name') ?? '',
      state: (['created', 'running', 'exited', 'unknown'] as const)[number(container, 6)] ?? 'unknown',
      attempt: metadata ? number(metadata, 2) : 0,
    };
  });
}

/** Ids of the pod sandboxes that are ready. */
export async function readySandboxes(socket: string): Promise<ReadonlySet<string>> {
  const all = messages(await call(socket, 'ListPodSandbox'), 1);
  return new Set(all.filter((sandbox) => number(sandbox, 3) === 0).map((sandbox) => text(sandbox, 1)));
}

/** Field number → its values, in order: numbers of varint fields, bytes of all others. */
type Message = ReadonlyMap<number, readonly (number | Buffer)[]>;

/** One unary call with an empty request. */
function call(socket: string, method: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) });
    const fail = (error: Error) => {
      session.destroy();
      reject(error);
    };
    session.on('error', fail);
    session.setTimeout(10_000, () => fail(new Error(`${method}: no answer from the container runtime`)));
    const request = session.request({
      ':method': 'POST',
      ':path': `/runtime.v1.RuntimeService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let status: string | undefined;
    const note = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] !== undefined) status = `${headers['grpc-status']} ${headers['grpc-message'] ?? ''}`;
    };
    request.on('response', note).on('trailers', note).on('error', fail);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      session.close();
      if (status?.startsWith('0 ')) resolve(decode(Buffer.concat(chunks).subarray(5)));
      else reject(new Error(`${method}: ${status}`));
    });
    request.end(Buffer.alloc(5)); // not compressed, no bytes
  });
}

/** Source: protobuf's "Encoding". */
function decode(bytes: Buffer): Message {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const wireType = key & 7;
    let value: number | Buffer;
    if (wireType === 0) value = varint();
    else {
      const length = wireType === 2 ? varint() : wireType === 1 ? 8 : 4;
      value = bytes.subarray(at, at + length);
      at += length;
    }
    fields.set(key >>> 3, [...(fields.get(key >>> 3) ?? []), value]);
  }
  return fields;
}

function messages(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).flatMap((value) => (Buffer.isBuffer(value) ? [decode(value)] : []));
}

function text(message: Message, field: number): string {
  return String(message.get(field)?.[0] ?? '');
}

function number(message: Message, field: number): number {
  return Number(message.get(field)?.[0] ?? 0);
}
