// Ways to give a token to whom it is not due, or to take one that is none, each with the test that has to notice.
import type { Mutant } from './mutant-list.ts';

export const tokenMutants: readonly Mutant[] = [
  {
    name: 'a token is given although it cannot be told whether its pod lives',
    edits: [
      {
        file: 'src/cache/tokens/held-tokens.ts',
        from: "if (presence !== 'alive') {",
        to: "if (presence === 'gone') {",
      },
    ],
    test: {
      file: 'test/cache/tokens/held-tokens.test.ts',
      title: 'a held token is given to the very question only, and only while its pod is known to be alive',
    },
  },
  {
    name: 'a token is given beyond its end',
    edits: [{ file: 'src/cache/tokens/held-tokens.ts', from: 'if (now < held.expiresMs) {', to: 'if (now > 0) {' }],
    test: {
      file: 'test/cache/tokens/held-tokens.test.ts',
      title: 'what ends by a clock that may be wrong is withheld and kept; by the time of the cloud it is wiped',
    },
  },
  {
    name: 'a client is told to ask again only after its token has ended',
    edits: [
      {
        file: 'src/cache/tokens/held-token.ts',
        from: 'Math.min(expiresMs, nowMs + seconds * 1000)',
        to: '(nowMs + seconds * 1000)',
      },
    ],
    test: {
      file: 'test/cache/tokens/held-tokens.test.ts',
      title: 'a token is given out again as it was, and its client is told to ask again in time, never after its end',
    },
  },
  {
    name: 'the token of a deleted pod stays on disk',
    edits: [
      {
        file: 'src/cache/tokens/held-tokens.ts',
        from: "if (this.#held.delete(key)) this.#o.notes.revoke('token', [key]);",
        to: 'this.#held.delete(key);',
      },
    ],
    test: {
      file: 'test/cache/tokens/held-tokens.test.ts',
      title: 'with its pod a token is wiped, from the disk too; one whose pod is not known yet has a minute',
    },
  },
  {
    name: 'a token stands on disk as it is',
    edits: [{ file: 'src/cache/tokens/held-tokens.ts', from: 'value, { secret: true });', to: 'value);' }],
    test: {
      file: 'test/cache/tokens/held-tokens.test.ts',
      title: 'the next life knows what was issued; what is written down is marked as secret, and names no token',
    },
  },
  {
    name: 'a refused renewal is asked for again and again',
    edits: [
      {
        file: 'src/cache/tokens/token-renewal.ts',
        from: "if (verdict === 'refused') this.#refused.add(held);",
        to: '',
      },
    ],
    test: {
      file: 'test/cache/tokens/token-renewal.test.ts',
      title: 'a refusal ends it until kubelet asks itself, and takes no token away; “not found” does',
    },
  },
  {
    name: 'whose signature it is is not looked at',
    edits: [
      {
        file: 'src/hub/identity/signing-keys.ts',
        from: 'return verify(digest,',
        to: 'return key !== undefined || verify(digest,',
      },
    ],
    test: {
      file: 'test/hub/identity/token-keys.test.ts',
      title: 'whatever byte of a signed token is changed, it is not vouched for',
    },
  },
  {
    name: 'the token says how it is to be checked',
    edits: [{ file: 'src/hub/identity/signing-keys.ts', from: '|| alg !== signing.alg ||', to: '||' }],
    test: {
      file: 'test/hub/identity/token-keys.test.ts',
      title:
        'the token does not say how it is to be checked: no “none”, no HMAC with the public key, no other key’s id',
    },
  },
  {
    name: 'a token for somebody else than the apiserver is taken',
    edits: [
      {
        file: 'src/hub/identity/token-keys.ts',
        from: 'if (!this.#isForApiserver(aud)) return',
        to: 'if (aud === undefined) return',
      },
    ],
    test: {
      file: 'test/hub/identity/token-keys.test.ts',
      title: 'a token of another issuer, for another audience, of another node, or bound to nothing is not vouched for',
    },
  },
  {
    name: 'what the cloud refuses goes on being vouched for',
    edits: [
      {
        file: 'src/hub/identity/token-keys.ts',
        from: 'isVouchedFor ? [digestOf(jwt), boundName(bearer)] : [digestOf(jwt)]',
        to: '[digestOf(jwt)]',
      },
    ],
    test: {
      file: 'test/hub/identity/token-keys.test.ts',
      title:
        'once the cloud refuses such a token none of its account and pod is vouched for, until it accepts one again',
    },
  },
  {
    name: 'a token outlives its pod',
    edits: [
      {
        file: 'src/hub/identity/claims-verdict.ts',
        from: "if (presence === 'gone') return",
        to: 'if (presence === undefined) return',
      },
      {
        file: 'src/hub/identity/claims-verdict.ts',
        from: "if (presence === 'alive') return undefined;",
        to: "if (presence !== 'unknown') return undefined;",
      },
    ],
    test: {
      file: 'test/hub/identity/token-keys.test.ts',
      title: 'an expired token is 401 by the cloud’s time and 503 by a doubtful clock; one of a deleted pod is 401',
    },
  },
  {
    name: 'the node reads Secrets that no pod of it refers to',
    edits: [
      {
        file: 'src/hub/offline/node-graph.ts',
        from: "return 'no pod of this node refers to it';",
        to: 'return undefined;',
      },
    ],
    test: {
      file: 'test/hub/promises/node-graph.test.ts',
      title: 'offline the node reads a Secret only while a pod of it refers to it',
    },
  },
];
