// What runs on the node of the tests: values only.
import { podImage } from './node-configuration.ts';

interface PodTemplate {
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly container?: object;
  readonly checks?: readonly string[];
}

/** One container that serves, ready once its checks hold. */
export function podSpec({ spec = {}, container = {}, checks = [] }: PodTemplate = {}): object {
  const probe = (path: string) => ({ httpGet: { path, port: 8080 }, periodSeconds: 1 });
  const app = {
    name: 'app',
    image: podImage,
    imagePullPolicy: 'Never',
    args: ['serve', ...checks],
    ports: [{ containerPort: 8080 }],
    readinessProbe: probe('/ready'),
    ...container,
  };
  return { terminationGracePeriodSeconds: 1, containers: [app], ...spec };
}

export function deployment(name: string, replicas: number, template: PodTemplate = {}): object {
  const labels = { app: name, ...template.labels };
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels }, spec: podSpec(template) },
    },
  };
}
