// Who is asking: a client certificate, else a bearer token, else nobody (who may be let in as system:anonymous).

import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { unauthorized } from '../apimachinery/status.ts';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface AuthenticationOptions {
  readonly tokens: Readonly<Record<string, User>>;
  /** Requests that present nothing are system:anonymous; otherwise 401. */
  readonly allowsAnonymous: boolean;
}

/** Throws Unauthorized. As in kube-apiserver a valid certificate wins over a token. */
export function authenticate(request: IncomingMessage, options: AuthenticationOptions): User {
  const certified = certificateUser(request);
  if (certified !== undefined) return withGroup(certified, 'system:authenticated');
  const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token !== undefined) {
    if (!Object.hasOwn(options.tokens, token)) throw unauthorized();
    return withGroup(options.tokens[token]!, 'system:authenticated');
  }
  if (request.headers.authorization !== undefined || !options.allowsAnonymous) throw unauthorized();
  return { name: 'system:anonymous', groups: ['system:unauthenticated'] };
}

/** 'O=system:nodes, CN=system:node:edge-1'; undefined without a certificate. */
export function certificateSubject(request: IncomingMessage): string | undefined {
  const subject = peerSubject(request);
  if (subject === undefined) return undefined;
  const parts = Object.entries(subject).flatMap(([key, values]) => list(values).map((value) => `${key}=${value}`));
  return parts.join(', ');
}

function certificateUser(request: IncomingMessage): User | undefined {
  const subject = peerSubject(request);
  if (subject === undefined) return undefined;
  const [name] = list(subject.CN);
  if (!(request.socket as TLSSocket).authorized || name === undefined) throw unauthorized();
  return { name, groups: list(subject.O) };
}

type Subject = Readonly<Record<string, string | readonly string[] | undefined>>;

function peerSubject(request: IncomingMessage): Subject | undefined {
  const socket = request.socket as Partial<TLSSocket>;
  return socket.getPeerCertificate?.()?.subject as Subject | undefined;
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function withGroup(user: User, group: string): User {
  return { name: user.name, groups: [...new Set([...user.groups, group])] };
}
