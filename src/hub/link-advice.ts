// What somebody can do about a link that does not fail by itself and will not mend by itself. Pure.

/** @param failures why its servers are offline, as `failuresOf` has it. Undefined: waiting is all there is to do. */
export function linkAdvice(failures: ReadonlySet<string>): string | undefined {
  return Object.entries(advice).find(([word]) => failures.has(word))?.[1];
}

const advice: Readonly<Record<string, string>> = {
  'credential-refused':
    "The servers answer, but do not accept the node's credential (401): it may have expired or belong to another cluster. Until it is renewed the node lives as if the link were down. Changed files are read again at once; docs/scenarios/the-certificate-expired.md says more.",
  'certificate-not-trusted':
    "The servers show a certificate that is not signed by the CA known here, or not valid now. If the cluster's CA was replaced while this node was away, bring the new one from the control plane: on a machine that has joined into cloud/ca.crt in the data directory, or by holdfast join --replace-identity; else with --certificate-authority or in the kubeconfig. If it was not, look at this machine's clock. Until then the node lives as if the link were down; docs/scenarios/the-certificate-expired.md says more.",
  'certificate-for-another-name':
    'The servers show a certificate for another name than the one they are asked by: give a --server URL with a name or address that stands in it, or set tls-server-name in the kubeconfig.',
};
