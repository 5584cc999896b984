import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { renderFindings } from '../../src/cli/doctor-text.ts';
import { createAdminServer, listenAdmin } from '../../src/hub/admin/admin-server.ts';
import type { Examination } from '../../src/hub/doctor/doctor-source.ts';
import type { Finding } from '../../src/hub/doctor/finding.ts';
import { main } from '../../src/main.ts';
import { temporaryDirectory } from '../storage/temporary-directory.ts';
import { healthyStatus } from '../support/hub-status.ts';
import { nothingOwed } from '../support/outbox-parts.ts';
import { recordTerminal } from '../support/terminal.ts';

const eviction: Finding = {
  check: 'eviction',
  level: 'problem',
  subject: 'pod shop/web-1',
  says: 'The cloud deletes it.',
  advice: 'Give it tolerations.',
};

/** The flag that leads to a daemon which finds this. */
async function daemonThatFinds(t: ExecutionContext, examination: Examination): Promise<string> {
  const server = createAdminServer({
    log: { error: (...line: unknown[]) => t.fail(JSON.stringify(line)) },
    status: { status: () => healthyStatus },
    cache: { lookUp: () => ({ state: 'unknown' }), placesOf: () => ({ isNamespaced: undefined, namespaces: [] }) },
    doctor: { examine: async () => examination },
    outbox: nothingOwed,
    metrics: { contentType: 'text/plain', metrics: async () => '' },
    livenessChecks: [],
    readinessChecks: [],
    ownNames: new Set(),
  });
  const { port } = await listenAdmin(server, { host: '127.0.0.1', port: 0 });
  t.teardown(() => server.close());
  return `--admin=127.0.0.1:${port}`;
}

async function kubeletFiles(t: ExecutionContext, configuration: string, server: string): Promise<string[]> {
  const directory = temporaryDirectory(t);
  const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "${server}" } }]
users: [{ name: u, user: { token: t } }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`;
  await writeFile(join(directory, 'config.yaml'), configuration);
  await writeFile(join(directory, 'kubelet.conf'), kubeconfig);
  return [`--kubelet-config=${directory}/config.yaml`, `--kubelet-kubeconfig=${directory}/kubelet.conf`];
}

test('what several pods share is said once, the worst first, with a count', (t) => {
  const note: Finding = { ...eviction, check: 'link', level: 'note', subject: '', says: 'The cloud is away.' };
  t.is(
    renderFindings([note, eviction, { ...eviction, subject: 'pod shop/web-2' }]),
    `PROBLEM eviction
  pod shop/web-1, pod shop/web-2
  The cloud deletes it.
  → Give it tolerations.

NOTE link
  The cloud is away.
  → Give it tolerations.

2 problems, 0 warnings, 1 note`,
  );
  t.is(renderFindings([]), 'Nothing found: this node can be cut off.');
});

test('doctor asks the daemon, reads kubelet’s settings, and exits with 1 for a problem', async (t) => {
  const admin = await daemonThatFinds(t, { findings: [eviction], servers: ['127.0.0.1:10268'] });
  const files = await kubeletFiles(t, 'imageGCHighThresholdPercent: 100\n', 'https://127.0.0.1:10268');
  const terminal = recordTerminal();
  t.is(await main(['doctor', admin, '--output=json', ...files], terminal), 1);
  t.deepEqual(JSON.parse(terminal.printed.join('')), { findings: [eviction] });
});

test('doctor exits with 0 when there are only warnings', async (t) => {
  const admin = await daemonThatFinds(t, { findings: [], servers: ['127.0.0.1:10268'] });
  const files = await kubeletFiles(t, '{}\n', 'https://127.0.0.1:10268');
  const terminal = recordTerminal();
  t.is(await main(['doctor', admin, ...files], terminal), 0);
  t.regex(terminal.printed.join('\n'), /WARNING image-gc/);
});

test('where one of kubelet’s files is not there, the other is looked at all the same', async (t) => {
  const admin = await daemonThatFinds(t, { findings: [], servers: ['127.0.0.1:10268'] });
  const [, kubeconfig] = await kubeletFiles(t, '{}', 'https://127.0.0.1:10999');
  const terminal = recordTerminal();
  t.is(await main(['doctor', admin, kubeconfig!], terminal), 1);
  t.regex(
    terminal.printed.join('\n'),
    /PROBLEM kubelet-server[\s\S]*kubelet asks https:\/\/127\.0\.0\.1:10999 and not/,
  );
});

test('a file that is named and not there is an error that names it', async (t) => {
  const admin = await daemonThatFinds(t, { findings: [], servers: [] });
  const terminal = recordTerminal();
  t.is(
    await main(['doctor', admin, '--kubelet-config=/nowhere/c.yaml', '--kubelet-kubeconfig=/nowhere/k'], terminal),
    2,
  );
  t.regex(terminal.complained.join('\n'), /\/nowhere\/c\.yaml/);
});
