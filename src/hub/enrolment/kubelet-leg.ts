// kubelet's way to the hub: the hub's own CA, a client certificate for the node, and a kubeconfig that names them. Made when
// the machine joins, so that kubelet can be started before the hub ever ran.
import { nodeUser } from '../../apimachinery/node-user.ts';
import { localAddresses } from '../local-addresses.ts';
import type { HostPort } from '../option-types.ts';
import { kubeletKubeconfig, serverUrl } from '../pki/client-kubeconfig.ts';
import { openPki } from '../pki/pki.ts';

export interface KubeletLeg {
  readonly dataDir: string;
  readonly nodeName: string;
  /** Groups of the node's certificate in the cloud, which the hub's own for kubelet has too. */
  readonly groups: readonly string[];
  readonly listen: readonly HostPort[];
  readonly wallClock: () => number;
}

/** The text of kubelet's kubeconfig; the files that it names are there when this resolves. @throws PkiError */
export async function prepareKubeletLeg({ dataDir, nodeName, groups, listen, wallClock }: KubeletLeg): Promise<string> {
  const user = nodeUser(nodeName);
  const pki = await openPki({
    directory: dataDir,
    nodeName,
    listen,
    extraNames: () => [],
    localAddresses,
    client: { commonName: user, organizations: groups },
    now: wallClock,
  });
  return kubeletKubeconfig({
    server: serverUrl(listen[0]!),
    certificateAuthorityPath: pki.authorityPath,
    clientCertificatePath: pki.clientFiles.certificatePath,
    clientKeyPath: pki.clientFiles.keyPath,
    user,
  });
}
