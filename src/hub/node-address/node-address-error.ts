/** `--node-address`: no interface has it, and it could not be given to one. The message says what to do. */
export class NodeAddressError extends Error {
  override readonly name = 'NodeAddressError';
  readonly code = 'HOLDFAST_NODE_ADDRESS';
}
