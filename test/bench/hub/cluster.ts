// The objects of the bench: pods like those of a real node, services, and one small ConfigMap.
import type { ControlPlane } from '../../e2e/control-plane.ts';

export async function fillCluster(
  plane: ControlPlane,
  size: { pods: number; services: number; nodeName: string },
): Promise<void> {
  await plane.createNamespace('default-ready');
  const data = { settings: 'x'.repeat(900) };
  await plane.admin.expect('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'small' }, data });
  await plane.admin.expect('POST', '/api/v1/nodes', { metadata: { name: size.nodeName } });
  await inParallel(size.pods, (index) =>
    plane.admin.expect('POST', '/api/v1/namespaces/default-ready/pods', pod(index, size.nodeName)),
  );
  await inParallel(size.services, (index) =>
    plane.admin.expect('POST', '/api/v1/namespaces/default-ready/services', {
      metadata: { name: `service-${index}` },
      spec: { selector: { app: `app-${index % 20}` }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    }),
  );
}

/** Changes one pod after another, at a steady rate. Each change carries the time of its making. */
export async function touchPods(plane: ControlPlane, rate: { perSecond: number; seconds: number }): Promise<void> {
  const started = performance.now();
  const pending: Promise<unknown>[] = [];
  for (let index = 0; index < rate.perSecond * rate.seconds; index++) {
    const due = (index * 1000) / rate.perSecond;
    const wait = due - (performance.now() - started);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const path = `/api/v1/namespaces/default-ready/pods/pod-${index % 500}`;
    const at = String(performance.timeOrigin + performance.now());
    pending.push(
      plane.admin.expect(
        'PATCH',
        path,
        { metadata: { annotations: { 'bench/at': at } } },
        { headers: { 'content-type': 'application/merge-patch+json' } },
      ),
    );
  }
  await Promise.all(pending);
}

async function inParallel(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

function pod(index: number, nodeName: string): object {
  const app = `app-${index % 20}`;
  return {
    metadata: {
      name: `pod-${index}`,
      labels: { app, tier: 'web', release: 'stable' },
      annotations: { 'bench/at': '0', note: 'a pod of the bench' },
    },
    spec: {
      nodeName,
      containers: [
        {
          name: 'main',
          image: `registry.example/shop/${app}:1.4.${index}`,
          env: [{ name: 'LOG_LEVEL', value: 'info' }],
          ports: [{ containerPort: 8080 }],
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } },
          livenessProbe: { httpGet: { path: '/healthz', port: 8080 } },
        },
      ],
    },
  };
}
