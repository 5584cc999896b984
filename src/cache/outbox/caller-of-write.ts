// Who has a write taken in.
import type { ComputedWrite } from '../writes/compute-write.ts';
import type { WriteRequest } from '../writes/write-request.ts';
import type { Writer } from './entry.ts';

export interface CallerOfWrite extends Writer {
  readonly isNode: boolean;
  /** Whether the cloud was seen to let this caller do this. */
  readonly mayWrite: (request: WriteRequest) => boolean;
  /** Called with the answer before anything is kept. @throws StatusError where this caller could not be given it */
  readonly render?: (answer: ComputedWrite['answer']) => void;
}
