// Follows the cluster's CA while it is rotated. Promise: what is believed was read over a connection that the present
// authorities have verified, and an authority goes only when kube-root-ca.crt leaves it out and every server has answered
// without it.
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../../apimachinery/clock.ts';
import { isApiserverAnswer } from '../../cache/apiserver-answer.ts';
import { nodeCredential } from '../../cache/credential.ts';
import type { Cloud } from '../../cache/outbox/cloud.ts';
import { readAuthorities } from '../client-certificate.ts';
import type { Logger } from '../logger.ts';
import { readWholeFile, replaceWholeFile } from '../pki/whole-file.ts';
import type { UpstreamCredentials } from '../upstream/credentials.ts';
import type { UpstreamConfig } from '../upstream-config.ts';
import { type Apiserver, openApiserver } from './apiserver.ts';
import { pinOf } from './authority-pin.ts';
import { lacksSome, planAuthority } from './authority-plan.ts';
import { cloudPlaces } from './cloud-directory.ts';
import { clusterInfoPath } from './cluster-info.ts';
import { authorityIn } from './discover-authority.ts';
import { JoinError } from './join-error.ts';

export interface FollowAuthorityOptions {
  readonly dataDir: string;
  /** As last read from its files. */
  readonly cluster: () => UpstreamConfig;
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Only the administrator's own namespace: in others whoever may edit ConfigMaps could add an authority. */
const publishedPath = '/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt';

/** Looks once. What cannot be read, or says nothing new, changes nothing. */
export async function followAuthority(o: FollowAuthorityOptions): Promise<void> {
  const cluster = o.cluster();
  const { authority } = cloudPlaces(o.dataDir);
  if (cluster.ca === undefined || !cluster.files.has(authority)) return;
  const news = await readPublished(o, cluster);
  if (news === undefined) return;
  const [present, published] = [readAuthorities(cluster.ca), readAuthorities(news.bundle)];
  const isPublishedEnough =
    news.isComplete && lacksSome(present, published) && (await everyServerAnswers(o, cluster, news.bundle));
  const change = planAuthority({ present, published, isPublishedEnough });
  if (change === undefined) return;
  const { ca } = cluster;
  // Unless a join has put another there meanwhile: then this is the news of a cluster that the node is not in any more.
  const isMeant = async (): Promise<boolean> => (await readWholeFile(authority))?.equals(ca) ?? false;
  const bundle = change.next.map((one) => one.toString()).join('');
  if (!(await replaceWholeFile(authority, bundle, 0o644, isMeant))) return;
  const names = (ones: readonly X509Certificate[]): string[] => ones.map(pinOf);
  o.log.info(
    { event: 'authority.followed', added: names(change.added), dropped: names(change.dropped) },
    "the cluster's CA has changed, and is followed",
  );
}

interface Published {
  /** PEM. */
  readonly bundle: Buffer;
  /** What is not in it is given up by the cluster; else it may only be named elsewhere. */
  readonly isComplete: boolean;
}

async function readPublished(o: FollowAuthorityOptions, cluster: UpstreamConfig): Promise<Published | undefined> {
  const { statusCode, headers, body } = await o.cloud.send({
    credential: nodeCredential,
    method: 'GET',
    path: publishedPath,
    userAgent: 'holdfast',
    signal: o.signal,
  });
  if (statusCode === 200) {
    const { data } = JSON.parse(body.toString('utf8')) as { data?: Record<string, string> };
    return data?.['ca.crt'] === undefined ? undefined : { bundle: Buffer.from(data['ca.crt']), isComplete: true };
  }
  const isRefused = (statusCode === 403 || statusCode === 404) && isApiserverAnswer(headers);
  if (!isRefused) return undefined; // a server that is busy; the next look may be answered
  // No pod of that namespace is here, so the node may not read it. This one everybody may, but only as nobody. A CA that
  // is being introduced stands in it late or never, so nothing goes because it is not there.
  using nobody = openVerified(o, cluster, cluster.servers, cluster.ca);
  const answer = await nobody.ask('GET', clusterInfoPath, o.signal);
  const { kubeconfig } = ((answer.body ?? {}) as { data?: Record<string, unknown> }).data ?? {};
  if (answer.statusCode !== 200 || typeof kubeconfig !== 'string') return undefined;
  return { bundle: await authorityIn(kubeconfig), isComplete: false };
}

async function everyServerAnswers(o: FollowAuthorityOptions, cluster: UpstreamConfig, ca: Buffer): Promise<boolean> {
  try {
    for (const server of cluster.servers) {
      using api = openVerified(o, cluster, [server], ca);
      await api.ask('GET', '/readyz', o.signal);
    }
    return true;
  } catch (error) {
    if (error instanceof JoinError) return false;
    throw error;
  }
}

function openVerified(
  { clock, environment }: FollowAuthorityOptions,
  { serverName, proxyUrl }: UpstreamConfig,
  servers: readonly string[],
  certificateAuthority: UpstreamCredentials['certificateAuthority'],
): Apiserver {
  const proxyVariables = proxyUrl === undefined ? environment : { https_proxy: proxyUrl, http_proxy: proxyUrl };
  return openApiserver({ servers, credentials: { certificateAuthority, serverName }, clock, proxyVariables });
}
