// An HTTP answer read to its end.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  /** Parsed when the answer is JSON (and not compressed, which is the asker's to undo), else its text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  readonly body: any;
}

/** Rejects when the body is cut. */
export async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  const text = raw.toString();
  const isJson = /json/.test(response.headers['content-type'] ?? '') && !response.headers['content-encoding'];
  const body = isJson && text !== '' ? JSON.parse(text) : text;
  return { status: response.statusCode ?? 0, headers: response.headers, raw, body };
}
