// The token of the admin port: every process on the node reaches the port, so what changes something, or shows what is
// written, is done only for whoever can read a file that the daemon's own user alone may read. New at each start.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { StatusError, status } from '../../apimachinery/status.ts';
import { writeOrRemove } from '../files-at-start.ts';

export interface AdminToken {
  /** Where it can be read. */
  readonly path: string;
  /** @param authorization the header as it came. @throws StatusError 401 that says where the token is */
  check(authorization: string | undefined): void;
}

export function adminTokenPath(dataDir: string): string {
  return join(dataDir, 'admin-token');
}

/** @param keep sees to it that the file is written, now or later: until then nobody has the token */
export async function createAdminToken(
  dataDir: string,
  keep: (path: string, write: () => Promise<void>) => Promise<void> = (_path, write) => write(),
): Promise<AdminToken> {
  const path = adminTokenPath(dataDir);
  const token = randomBytes(32).toString('base64url');
  await keep(path, () => writeOrRemove(path, `${token}\n`, 0o600));
  const expected = digest(token);
  return {
    path,
    check(authorization) {
      const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
      const problem = given === undefined ? 'this needs the token of the admin port' : 'this is not the token of now';
      throw new StatusError(
        status('Unauthorized', `${problem}: send "Authorization: Bearer TOKEN", with what stands in ${path}`),
      );
    },
  };
}

/** Of one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
