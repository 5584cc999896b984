// What was asked of the directory of kept addresses cannot be done as it stands; the message says what to do.

export class IpamCommandError extends Error {
  override readonly name = 'IpamCommandError';
  readonly code = 'HOLDFAST_IPAM_COMMAND';
}
