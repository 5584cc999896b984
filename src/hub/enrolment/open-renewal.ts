// Renewal of the node's certificate in the running daemon, on a machine that has joined: DIR/cloud is its own to write.
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../../apimachinery/clock.ts';
import type { Logger } from '../logger.ts';
import { type CertificateFacts, readCertificateFacts } from '../pki/certificate-facts.ts';
import { readWholeFile, replaceWholeFile } from '../pki/whole-file.ts';
import { timing } from '../timing.ts';
import { loadUpstreamConfig, type UpstreamConfig } from '../upstream-config.ts';
import { CertificateRenewal } from './certificate-renewal.ts';
import { cloudIdentity, cloudPlaces } from './cloud-directory.ts';
import { enrol, pemOf } from './enrol.ts';
import { JoinError } from './join-error.ts';
import { forgetPending, keepPending, keyForRequest } from './pending-request.ts';
import type { EnrolmentCredential } from './upstream-kubeconfig.ts';

export interface RenewalLink {
  readonly state: string;
  /** Why its servers are offline, in words of `failureReason`. */
  readonly failures: ReadonlySet<string>;
}

export interface OpenRenewalOptions {
  readonly dataDir: string;
  readonly nodeName: string;
  /** As last read from its files. */
  readonly cluster: () => UpstreamConfig;
  readonly link: () => RenewalLink;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly random: () => number;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly onAttempt: (result: 'renewed' | 'failed') => void;
}

/** How long one attempt waits for an approval; the next one goes on with the same request. */
const approvalTimeoutMs = 10 * 60_000;

export async function openRenewal(o: OpenRenewalOptions): Promise<CertificateRenewal> {
  const places = cloudPlaces(o.dataDir);
  const { sleep } = timing(o.clock, o.wallClock, o.random);
  const opened = await cloudIdentity(o.dataDir);
  let hasEnrolment = (await readWholeFile(places.enrolment)) !== undefined;
  return new CertificateRenewal({
    clock: o.clock,
    wallClock: o.wallClock,
    random: o.random,
    log: o.log,
    life: memorized(o.cluster),
    link: () => linkFor(o.link()),
    hasEnrolment: () => hasEnrolment,
    onAttempt: o.onAttempt,
    async issue(step, signal) {
      const begun = await cloudIdentity(o.dataDir);
      // This daemon speaks to the server that it was started with.
      if (begun.content !== opened.content) throw replaced(places.directory);
      hasEnrolment = (await readWholeFile(places.enrolment)) !== undefined;
      const cluster = o.cluster();
      const place = {
        server: cluster.servers[0]!,
        authority: cluster.ca,
        serverName: cluster.serverName,
        proxyUrl: cluster.proxyUrl,
      };
      const credential = step === 'renew' ? ownCredential(cluster) : await enrolmentCredential(places.enrolment);
      const owner = { purpose: 'renewal', nodeName: o.nodeName, server: place.server, credential } as const;
      const key = await keyForRequest(o.dataDir, owner);
      const order = {
        place,
        servers: cluster.servers,
        credential,
        nodeName: o.nodeName,
        key,
        checksName: false,
        checksClock: false,
        machineId: undefined,
      };
      try {
        const certificate = await enrol(order, {
          signal,
          approvalTimeoutMs,
          clock: o.clock,
          wallClock: o.wallClock,
          sleep,
          environment: o.environment,
          onPending: async (name) => {
            o.log.warn(
              { event: 'certificate.pending', request: name },
              'the request for a certificate waits to be approved',
            );
            await keepPending(o.dataDir, owner, key);
          },
        });
        const isMeant = async (): Promise<boolean> => (await cloudIdentity(o.dataDir)).version === begun.version;
        if (!(await replaceWholeFile(places.current, `${certificate}${pemOf(key)}`, 0o600, isMeant)))
          throw replaced(places.directory);
        await forgetPending(o.dataDir, 'renewal');
        return readCertificateFacts(new X509Certificate(certificate));
      } catch (error) {
        // Its request will never be of use: the next attempt makes another, with another key.
        if (error instanceof JoinError && gone.has(error.code)) await forgetPending(o.dataDir, 'renewal');
        throw error;
      }
    },
  });
}

const gone: ReadonlySet<string> = new Set(['HOLDFAST_JOIN_REFUSED', 'HOLDFAST_JOIN_REPLACED']);

function replaced(directory: string): JoinError {
  return new JoinError(
    'HOLDFAST_JOIN_REPLACED',
    `${directory} was replaced by another join, or removed, since this hub or the renewal began; nothing was written there: if this machine has joined anew, restart the hub (systemctl restart holdfast)`,
  );
}

/** Read from the certificate once, not at every look. */
function memorized(cluster: () => UpstreamConfig): () => CertificateFacts | undefined {
  let known: UpstreamConfig | undefined;
  let facts: CertificateFacts | undefined;
  return () => {
    const now = cluster();
    if (known !== now) {
      known = now;
      facts = now.clientCertificate && readCertificateFacts(new X509Certificate(now.clientCertificate.cert));
    }
    return facts;
  };
}

function linkFor({ state, failures }: RenewalLink): 'up' | 'refused' | 'down' {
  if (state === 'online') return 'up';
  return state === 'offline' && failures.has('credential-refused') ? 'refused' : 'down';
}

function ownCredential({ clientCertificate, token }: UpstreamConfig): EnrolmentCredential {
  return clientCertificate === undefined ? { token } : { clientCertificate };
}

async function enrolmentCredential(kubeconfig: string): Promise<EnrolmentCredential> {
  return ownCredential(await loadUpstreamConfig({ kubeconfig }));
}
