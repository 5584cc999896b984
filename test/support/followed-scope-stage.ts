// One followed scope with everything around it in the hands of the test: cloud, link, time, disk, cluster check.
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import type { ClusterCheck } from '../../src/cache/cluster-check.ts';
import { type Credential, nodeCredential } from '../../src/cache/credential.ts';
import { FollowedScope } from '../../src/cache/followed-scope.ts';
import type { InitialSync } from '../../src/cache/reflector.ts';
import type { Scope } from '../../src/cache/scope.ts';
import type { ScopeKeeper } from '../../src/cache/scope-keeper.ts';
import { ManualLink, ManualTiming } from './manual-timing.ts';
import { podScope } from './sample-objects.ts';
import { ScriptedTransport } from './scripted-transport.ts';

export const podCredential: Credential = { kind: 'bearer', token: 'pod' };

/** A disk that can be held up, or fail. */
export class ManualKeeper implements ScopeKeeper {
  /** `sync 10`, `changes 11`, `removed` */
  readonly log: string[] = [];
  #gate: PromiseWithResolvers<void> | undefined;
  failure: Error | undefined;

  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async saveChanges(_scope: Scope, { resourceVersion }: { readonly resourceVersion: string }): Promise<void> {
    await this.#save(`changes ${resourceVersion}`);
  }

  async saveSync(_scope: Scope, { resourceVersion }: { readonly resourceVersion: string }): Promise<void> {
    await this.#save(`sync ${resourceVersion}`);
  }

  async saveWord(_scope: Scope, key: string, object: KubernetesObject | undefined): Promise<void> {
    await this.#save(`word ${key} ${object?.resourceVersion ?? 'gone'}`);
  }

  remove(): void {
    this.log.push('removed');
  }

  intern(_scope: Scope, object: KubernetesObject): KubernetesObject {
    return object;
  }

  async #save(what: string): Promise<void> {
    this.log.push(what);
    await this.#gate?.promise;
    if (this.failure !== undefined) throw this.failure;
  }
}

export class ManualCluster implements ClusterCheck {
  doubts = 0;
  looks = 0;
  /** What the next looks reject with. */
  refusal: Error | undefined;

  verify(): Promise<void> {
    this.looks += 1;
    return this.refusal === undefined ? Promise.resolve() : Promise.reject(this.refusal);
  }

  doubt(): void {
    this.doubts += 1;
  }
}

export class Stage {
  readonly transport = new ScriptedTransport();
  readonly timing = new ManualTiming();
  readonly link = new ManualLink();
  readonly keeper = new ManualKeeper();
  readonly cluster = new ManualCluster();
  readonly failures: unknown[] = [];
  readonly refused: string[] = [];
  readonly granted: string[] = [];
  /** What is shown as written here. */
  readonly own = new Map<string, KubernetesObject | undefined>();
  /** Set while a request about any of it is on its way. */
  answer: Promise<void> | undefined;
  isVanished = false;
  readonly followed: FollowedScope;
  running: Promise<void> = Promise.resolve();

  constructor({ scope = podScope(), initialSync = 'list' }: { scope?: Scope; initialSync?: InitialSync } = {}) {
    this.followed = new FollowedScope(scope, {
      transport: this.transport,
      timing: this.timing,
      link: this.link,
      keeper: this.keeper,
      cluster: this.cluster,
      initialSync,
      gatherMs: 0,
      ownWrites: {
        shownIn: () => this.own,
        shownSpans: () => [],
        versionAbove: (_scope, version) => version,
        whenAnswered: () => this.answer,
      },
      ring: { events: 1000, bytes: 10_000_000 },
      onGranted: (identity) => this.granted.push(identity),
      onRefused: (identity) => this.refused.push(identity),
      onVanished: (followed) => {
        this.isVanished = true;
        followed.stop('vanished');
      },
      onFailure: (_followed, error) => this.failures.push(error),
    });
  }

  /** Lends the node's credential and runs. */
  start(): this {
    this.followed.lend('node', nodeCredential);
    this.running = this.followed.start();
    return this;
  }

  /** Runs, with these pods as of `version`, and its watch standing. */
  async following(version: number, pods: readonly string[] = []) {
    this.start();
    (await this.transport.next()).list(version, pods);
    return (await this.transport.next()).stream();
  }

  /** Resolves when the scope has reached this version. */
  reached(version: number): Promise<void> {
    return new Promise((resolve) => {
      const listener = {
        changed: () => {
          if (this.followed.resourceVersion !== String(version)) return;
          this.followed.listeners.delete(listener);
          resolve();
        },
        expired: () => {},
      };
      this.followed.listeners.add(listener);
      listener.changed();
    });
  }

  get names(): readonly string[] {
    return this.followed.snapshot.sorted().map(({ name }) => name);
  }
}
