// What one call of the plugin is about: one interface of one container, and the pod it belongs to when the runtime says so.

/** `namespace` and `name` are never empty. */
export interface PodOfAttachment {
  readonly namespace: string;
  readonly name: string;
  /** Of a static pod the hash of its manifest, not the uid of its mirror; empty when the runtime does not tell. */
  readonly uid: string;
}

export interface Attachment {
  readonly containerId: string;
  readonly ifname: string;
  /** A path; empty in a DEL whose namespace is gone. */
  readonly netns: string;
  /** Absent for a caller that is no kubelet: then nothing is retained. */
  readonly pod?: PodOfAttachment;
}
