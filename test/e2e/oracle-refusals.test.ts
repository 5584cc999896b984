// Oracle, link cut: what only the cloud can decide is refused at once and in so many words, never faked and never done
// later; and kubectl's own ways of writing a ConfigMap work as a person expects.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Answer, ApiClient } from './api-client.ts';
import { binaries } from './build-binaries.ts';
import { eventually } from './eventually.ts';
import { kubectl } from './kubectl.ts';
import { kubeletUserAgent } from './kubelet-requests.ts';
import { podOf } from './lab.ts';
import { labsOnOnePlane } from './labs-on-one-plane.ts';
import { test } from './one-by-one.ts';

const labs = labsOnOnePlane(test);
const all = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
/** By which time a client must know. */
const atOnceMs = 200;

interface Refused {
  readonly what: string;
  readonly send: (client: ApiClient, namespace: string) => Promise<Answer>;
  readonly why: RegExp;
  /** What would allow it; otherwise the answer says that nothing does, or names nothing. */
  readonly setting?: RegExp;
}

const apply = { headers: { 'content-type': 'application/apply-patch+yaml' } };
const maps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
const pod = (namespace: string) => `/api/v1/namespaces/${namespace}/pods/web`;
const deployment = (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments/web`;
const request = (method: string, path: (namespace: string) => string, body?: object): Refused['send'] => {
  return (client, namespace) => client.request(method, path(namespace), body);
};
const certificates = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

const refused: readonly Refused[] = [
  {
    what: 'server-side apply',
    send: (client, namespace) =>
      client.request('PATCH', `${maps(namespace)}/web?fieldManager=me`, { apiVersion: 'v1', kind: 'ConfigMap' }, apply),
    why: /server-side apply/,
  },
  {
    what: 'a dry run',
    send: request('POST', (namespace) => `${maps(namespace)}?dryRun=All`, { metadata: { name: 'dry' } }),
    why: /dry run/,
  },
  {
    what: 'an eviction',
    send: request('POST', (namespace) => `${pod(namespace)}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'web' },
    }),
    why: /disruption budget/,
  },
  {
    what: 'a binding',
    send: request('POST', (namespace) => `${pod(namespace)}/binding`, { target: { kind: 'Node', name: 'edge-1' } }),
    why: /scheduler/,
  },
  {
    what: 'a binding by its own path',
    send: request('POST', (namespace) => `/api/v1/namespaces/${namespace}/bindings`, { metadata: { name: 'web' } }),
    why: /scheduler/,
  },
  {
    what: 'a scale',
    send: request('PATCH', (namespace) => `${deployment(namespace)}/scale`, { spec: { replicas: 3 } }),
    why: /scale changes what controllers/,
  },
  {
    what: 'a TokenReview',
    send: request('POST', () => '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } }),
    why: /who somebody is/,
  },
  ...['subjectaccessreviews', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'].map((review) => ({
    what: review,
    send: request('POST', () => `/apis/authorization.k8s.io/v1/${review}`, { spec: {} }),
    why: /who may do what/,
  })),
  {
    what: 'a token never asked for before',
    send: request('POST', (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`, { spec: {} }),
    why: /tokens are signed there/,
  },
  {
    what: 'a certificate signing request',
    send: request('POST', () => certificates, { metadata: { generateName: 'csr-' }, spec: {} }),
    why: /certificates are signed there/,
  },
  {
    what: 'the approval of one',
    send: request('PUT', () => `${certificates}/csr-x/approval`, { metadata: { name: 'csr-x' } }),
    why: /certificates are (approved|signed) there/,
  },
  { what: 'a whole collection', send: request('DELETE', maps), why: /what a collection holds/ },
  {
    what: 'kubelet’s resource slices',
    send: request('DELETE', () => '/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName%3Dedge-1'),
    why: /what a collection holds/,
  },
  {
    what: 'a resize of a pod',
    send: request('PATCH', (namespace) => `${pod(namespace)}/resize`, { spec: {} }),
    why: /changed there first/,
  },
  {
    what: 'a Deployment, which only the cloud can judge',
    send: request('PATCH', deployment, { spec: { replicas: 3 } }),
    why: /writes to deployments\.apps are never kept offline: .*defaulted, validated and admitted by the cloud\. No setting/,
  },
  {
    what: 'a new pod',
    send: (client, namespace) => client.request('POST', `/api/v1/namespaces/${namespace}/pods`, podOf('new', 'edge-1')),
    why: /new pods are admitted/,
  },
  {
    what: 'a namespace',
    send: request('DELETE', (namespace) => `/api/v1/namespaces/${namespace}`),
    why: /writes to namespaces are never kept offline/,
  },
  {
    what: 'a ConfigMap for which there is no rule',
    send: request('PATCH', (namespace) => `${maps(namespace)}/web`, { data: { a: 'b' } }),
    why: /patch of configmaps in namespace edge-\d+ is not kept offline/,
    setting: /--offline-writes 'configmaps;namespace=edge-\d+' would allow it/,
  },
  {
    what: 'a custom resource for which there is no rule',
    send: request('POST', (namespace) => `/apis/example.test/v1/namespaces/${namespace}/anchors`, {
      apiVersion: 'example.test/v1',
      kind: 'Anchor',
      metadata: { name: 'x' },
    }),
    why: /anchors in namespace edge-\d+ is not kept offline/,
    setting: /--offline-writes 'example\.test\/anchors;namespace=edge-\d+' would allow it/,
  },
];

test('what only the cloud can decide is 503 at once, for node and people, and says what would help where something would', async (t) => {
  await labs.withLab(
    async ({ lab, plane, namespace, kubelet }) => {
      const token = await lab.account(namespace, 'person', all);
      await kubelet.get(`${pod(namespace)}`);
      for (const path of [maps(namespace), '/apis/apps/v1/deployments', '/api/v1/namespaces']) {
        await lab.as(token).expect('GET', path);
      }
      await eventually('all is followed', async () => (await lab.status()).scopes.every((one) => one.following));
      const before = await everything(plane.admin, namespace);
      await lab.cut();
      for (const [who, client] of [
        ['a person', lab.as(token)],
        ['the node', lab.node],
      ] as const) {
        for (const { what, send, why, setting } of refused) {
          // The first one after a pause may meet what a garbage collector does; a slow answer is slow twice.
          const attempts = [
            await timed(() => send(client, namespace)),
            await timed(() => send(client, namespace)),
          ] as const;
          const about = `${what}, by ${who}: ${attempts[0].answer.raw}`;
          for (const { answer } of attempts) isRefusal(t, answer, about);
          const [{ answer }] = attempts;
          t.regex(answer.body.message, why, about);
          if (setting === undefined) t.notRegex(answer.body.message, /would allow it/, about);
          else t.regex(answer.body.message, setting, about);
          t.true(
            Math.min(...attempts.map(({ ms }) => ms)) < atOnceMs,
            `${about} took ${attempts.map(({ ms }) => ms)} ms`,
          );
        }
      }
      t.is((await lab.hub.admin.request('GET', '/status')).body.outbox.waiting, 0);
      await lab.heal();
      t.deepEqual(await everything(plane.admin, namespace), before, 'and nothing of it is done later');
    },
    {
      async prepare({ plane, namespace }) {
        const labels = { app: 'web' };
        const spec = { containers: [{ name: 'main', image: 'registry.example/web:1' }] };
        await plane.admin.expect('POST', maps(namespace), { metadata: { name: 'web' }, data: { a: '1' } });
        await plane.admin.expect('POST', `/api/v1/namespaces/${namespace}/pods`, podOf('web', namespace));
        await plane.admin.expect('POST', deployment(namespace).replace(/\/web$/, ''), {
          metadata: { name: 'web' },
          spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
        });
      },
    },
  );
});

async function timed(ask: () => Promise<Answer>): Promise<{ readonly answer: Answer; readonly ms: number }> {
  const started = performance.now();
  const answer = await ask();
  return { answer, ms: Math.round(performance.now() - started) };
}

function isRefusal(t: ExecutionContext, answer: Answer, about: string): void {
  t.like(answer.body, { kind: 'Status', status: 'Failure', code: 503, reason: 'ServiceUnavailable' }, about);
  t.is(answer.status, 503, about);
  t.is(answer.headers['retry-after'], undefined, about);
  t.is(answer.body.details?.retryAfterSeconds, undefined, about);
  t.regex(answer.body.message, /the cloud is not reachable/, about);
}

/** All that the refused writes were about. */
async function everything(admin: ApiClient, namespace: string): Promise<unknown> {
  const paths = [maps(namespace), `/api/v1/namespaces/${namespace}/pods`, deployment(namespace), certificates];
  const bodies = await Promise.all(paths.map(async (path) => (await admin.request('GET', path)).body));
  return bodies.map(({ items, spec }) => items ?? spec);
}

test('kubelet’s watches and reads go on while its refused writes are answered: none of them is left open', async (t) => {
  await labs.withLab(async ({ lab, namespace, kubelet, nodePath }) => {
    await lab.cut('swallow');
    const asked = Array.from({ length: 20 }, () =>
      timed(() =>
        lab.node.request(
          'POST',
          `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
          { spec: {} },
          {
            headers: { 'user-agent': kubeletUserAgent },
          },
        ),
      ),
    );
    for (const { answer, ms } of await Promise.all(asked)) {
      isRefusal(t, answer, 'a token in a black hole');
      t.true(ms < 5000, `${ms} ms`);
    }
    t.is((await kubelet.get(nodePath)).status, 200);
  });
});

for (const version of ['kubectl', 'kubectl-1.32'] as const) {
  test(`${version}: edit, create, replace and delete of ConfigMaps work offline, and arrive`, async (t) => {
    t.timeout(900_000, 'the first run builds kubectl');
    const { [version]: program } = await binaries([version]);
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-kubectl-'));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const editor = join(directory, 'editor.sh');
    await writeFile(editor, '#!/bin/sh\nsed -i "s/color: red/color: edited/" "$1"\n');
    await chmod(editor, 0o700);
    await labs.withLab(
      async ({ lab, plane, namespace }) => {
        const token = await lab.account(namespace, 'person', all);
        const kubeconfig = lab.kubeconfig({ token });
        const run = (args: readonly string[], stdin?: object) =>
          kubectl(
            {
              program,
              kubeconfig,
              cacheDir: join(directory, 'cache'),
              editor,
              ...(stdin && { stdin: JSON.stringify(stdin) }),
            },
            ...['-n', namespace, ...args],
          );
        const succeeds = async (says: RegExp, args: readonly string[], stdin?: object) => {
          const { code, stdout, stderr, ms } = await run(args, stdin);
          t.is(code, 0, `${args.join(' ')}: ${stderr}`);
          t.regex(stdout, says, args.join(' '));
          t.true(ms < 10_000, `${args.join(' ')} took ${ms} ms`);
          return stdout;
        };
        const configMap = (name: string, data: object) => ({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, namespace },
          data,
        });
        // What this person has done before, so that the hub knows that they may.
        await succeeds(/created/, ['create', 'cm', 'web', '--from-literal=color=blue']);
        await succeeds(/replaced/, ['replace', '-f', '-'], configMap('web', { color: 'red', size: '1' }));
        await succeeds(/labeled/, ['label', 'cm', 'web', 'seen=yes']);
        await succeeds(/web/, ['get', 'cm']);
        await lab.followed('v1/configmaps', { namespace });
        await lab.cut();

        await succeeds(/edited/, ['edit', 'cm', 'web']);
        await succeeds(/edited 1/, ['get', 'cm', 'web', '-o', 'jsonpath={.data.color} {.data.size}']);
        await succeeds(/created/, ['create', 'configmap', 'made', '--from-literal=a=1']);
        await succeeds(/created/, ['create', '-f', '-'], configMap('filed', { a: '1' }));
        await succeeds(/replaced/, ['replace', '-f', '-'], configMap('web', { color: 'replaced' }));
        await succeeds(/^filed.*\nmade.*\nweb/m, ['get', 'cm', '--no-headers']);
        const twice = await run(['create', 'configmap', 'made']);
        t.is(twice.code, 1);
        t.regex(twice.stderr, /configmaps "made" already exists/);
        await succeeds(/"filed" deleted/, ['delete', 'cm', 'filed']);
        const gone = await run(['get', 'cm', 'filed']);
        t.regex(gone.stderr, /configmaps "filed" not found/);
        const unseen = await run(['delete', 'cm', 'web', '--wait=false']);
        t.is(unseen.code, 1);
        t.regex(
          unseen.stderr,
          /never seen to let this caller delete configmaps "web".*What it has made here meanwhile it may delete/s,
        );

        const before = lab.proxy.requests.length;
        await lab.heal();
        await eventually('the cloud has it all', async () => {
          const web = (await plane.admin.request('GET', `${maps(namespace)}/web`)).body;
          const made = (await plane.admin.request('GET', `${maps(namespace)}/made`)).body;
          return web.data?.color === 'replaced' && made.data?.a === '1';
        });
        const web = (await plane.admin.request('GET', `${maps(namespace)}/web`)).body;
        t.deepEqual(web.data, { color: 'replaced' });
        t.is((await plane.admin.request('GET', `${maps(namespace)}/filed`)).status, 404);
        const posts = lab.proxy.requests.slice(before).filter(({ method }) => method === 'POST');
        t.is(posts.length, 1, 'what was made and deleted offline the cloud never hears of');
        t.deepEqual(lab.logged('outbox.parked'), []);
      },
      { hubArguments: ['--offline-writes', 'configmaps'] },
    );
  });
}
