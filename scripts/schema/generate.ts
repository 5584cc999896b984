// Writes src/apimachinery/schema/generated/kubernetes-types.txt from the Go types that go.mod beside this file pins; and
// the objects that the tests of the protobuf codec read. Needs Go.
//
//   node scripts/schema/generate.ts
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const root = new URL('../..', import.meta.url).pathname;

/** One object of each of these stands in the tests' corpus; the end-to-end tests make thousands of all kinds. */
const kindsOfCorpus = [
  'v1/Pod v1/Node v1/Service v1/Secret v1/ConfigMap v1/Event v1/NodeList v1/ServiceAccount v1/PersistentVolume v1/Endpoints',
  'apps/v1/Deployment apps/v1/DeleteOptions apps/v1/ControllerRevision authentication.k8s.io/v1/TokenRequest',
  'authentication.k8s.io/v1/TokenReview authorization.k8s.io/v1/SubjectAccessReview',
  'certificates.k8s.io/v1/CertificateSigningRequest coordination.k8s.io/v1/Lease discovery.k8s.io/v1/EndpointSlice',
  'events.k8s.io/v1/Event meta.k8s.io/v1/APIResourceList meta.k8s.io/v1/PartialObjectMetadata meta.k8s.io/v1/Status',
  'networking.k8s.io/v1/Ingress networking.k8s.io/v1/NetworkPolicy storage.k8s.io/v1/CSINode',
  'storage.k8s.io/v1/VolumeAttachment autoscaling/v2/HorizontalPodAutoscaler resource.k8s.io/v1/ResourceSlice',
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration meta.k8s.io/v1beta1/PartialObjectMetadataList',
  'policy/v1/Eviction flowcontrol.apiserver.k8s.io/v1/FlowSchema',
].flatMap((line) => line.split(' '));

function write(file: string, ...args: string[]): void {
  const text = execFileSync('go', ['run', ...args], { cwd: import.meta.dirname, maxBuffer: 64 * 1024 * 1024 });
  writeFileSync(`${root}/${file}`, text);
  console.log(`${file}: ${text.length} bytes`);
}

write('src/apimachinery/schema/generated/kubernetes-types.txt', './table');
write('test/corpora/protobuf/client-go-objects.jsonl', './vectors', '-seed', '2', ...kindsOfCorpus);
