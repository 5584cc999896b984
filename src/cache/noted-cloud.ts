// What is remembered of the cloud itself over restarts: which cluster it is, and when it was last heard.
import type { Records } from '../../storage/records.ts';
import type { CloudTime } from './cloud-time.ts';
import type { ClusterIdentity } from './cluster-check.ts';
import type { Notes } from './notes.ts';

const clusterKey = 'cluster';
const contactKey = 'last-contact';

export class NotedCloud {
  readonly #notes: Notes;
  readonly #time: CloudTime;
  #cluster: ClusterIdentity | undefined;
  #notedContact = 0;

  constructor(notes: Notes, time: CloudTime) {
    this.#notes = notes;
    this.#time = time;
  }

  /** Undefined before the first answer. */
  get cluster(): ClusterIdentity | undefined {
    return this.#cluster;
  }

  async restore(records: Pick<Records, 'read'>): Promise<void> {
    const cluster = await records.read('meta', clusterKey);
    if (cluster !== undefined) this.#cluster = JSON.parse(cluster.toString()) as ClusterIdentity;
    const contact = await records.read('meta', contactKey);
    if (contact !== undefined) this.#time.restore(Number(contact.toString()));
  }

  remember(cluster: ClusterIdentity): void {
    this.#cluster = cluster;
    this.#notes.put('meta', clusterKey, Buffer.from(JSON.stringify(cluster)));
  }

  /** How far the clock can be believed after a restart; nothing while the last contact that was noted is less than this ago. */
  noteContact(atMostEveryMs: number): void {
    const { isCertain, lastContact = 0 } = this.#time;
    if (!isCertain || Math.abs(lastContact - this.#notedContact) < atMostEveryMs) return;
    this.#notedContact = lastContact;
    this.#notes.put('meta', contactKey, Buffer.from(String(Math.round(lastContact))));
  }
}
