// `holdfast version`
import { holdfastVersion } from '../hub/version.ts';
import type { Invocation, Terminal } from './command.ts';

export async function version(_invocation: Invocation, terminal: Terminal): Promise<number> {
  terminal.print(`holdfast ${holdfastVersion} (node ${process.version}, ${process.platform}/${process.arch})`);
  return 0;
}
