// The text that `holdfast demo` prints: what runs where, lines to paste, and what to expect of each. Pure.

export interface TourPlaces {
  /** The hub's kubeconfig for clients on this node. */
  readonly kubeconfigPath: string;
  /** https://127.0.0.1:10268 */
  readonly apiUrl: string;
  /** The hub's CA for clients. */
  readonly caPath: string;
  /** A client certificate that the hub takes for the node, and its key. */
  readonly clientCertificatePath: string;
  readonly clientKeyPath: string;
  /** http://127.0.0.1:10267 */
  readonly adminUrl: string;
  /** http://127.0.0.1:10261 when the plain loopback port is on. */
  readonly insecureUrl?: string;
  /** http://127.0.0.1:<port>/link */
  readonly linkControlUrl: string;
  /** Reaches the cloud past the hub and past the link. */
  readonly cloudKubeconfigPath: string;
  readonly dataDir: string;
  /** The hub's own, below it. */
  readonly hubDataDir: string;
  readonly nodeName: string;
  /** What calls holdfast, from any directory. */
  readonly program: string;
}

export function tour(places: TourPlaces): string {
  const kubectl = `kubectl --kubeconfig ${shellWord(places.kubeconfigPath)}`;
  const cloud = `kubectl --kubeconfig ${shellWord(places.cloudKubeconfigPath)}`;
  const credentials = [
    `--cacert ${shellWord(places.caPath)}`,
    `--cert ${shellWord(places.clientCertificatePath)}`,
    `--key ${shellWord(places.clientKeyPath)}`,
  ].join(' ');
  const curl = (path: string, more = '-sS'): string => `curl ${more} ${credentials} '${places.apiUrl}${path}'`;
  const outbox = (words: string, more = ''): string =>
    `${shellWord(places.program)} outbox ${words} --admin ${places.adminUrl.replace('http://', '')}${more}`;
  const decide = ` --data-dir ${shellWord(places.hubDataDir)}`;
  const settings = 'patch configmap settings --type merge -p';
  const prices = 'patch configmap prices --type merge -p';
  const pods = `/api/v1/pods?fieldSelector=spec.nodeName%3D${places.nodeName}&resourceVersion=0`;
  const sections: readonly (readonly [title: string, lines: readonly string[]])[] = [
    [
      'What runs',
      [
        `  cloud   a small control plane with moving objects, in this process`,
        `  link    the only way between them; you can cut it`,
        `  hub     ${places.apiUrl}  speaks for node ${places.nodeName}`,
        `  admin   ${places.adminUrl}  /healthz /readyz?verbose /status /metrics`,
        ...(places.insecureUrl === undefined ? [] : [`  plain   ${places.insecureUrl}  for clients on this node only`]),
        `  files   ${places.dataDir}`,
        `  rule    --offline-writes 'configmaps;namespace=shop;conflict=park'`,
      ],
    ],
    [
      '1. Look at the cluster through the hub',
      [
        `  ${kubectl} get nodes`,
        `  ${kubectl} get pods -A`,
        '  Pods come and go; leave this one running:',
        `  ${kubectl} get pods -A -w`,
        '  No kubectl? These say the same:',
        `  ${curl('/api/v1/nodes')}`,
        `  ${curl(pods)}`,
        `  ${curl('/api/v1/pods?watch=true&resourceVersion=0', '-sSN')}`,
        '  Write something. Offline, only what the cloud was seen to allow counts:',
        `  ${kubectl} -n shop ${settings} '{"data":{"LOG_LEVEL":"debug"}}'`,
        `  ${kubectl} -n shop ${prices} '{"data":{"bread":"3.00"}}'`,
        `  ${kubectl} -n shop get configmaps`,
      ],
    ],
    [
      '2. Cut the link',
      [
        '  Either so that packets vanish without a word:',
        `  curl -s -X POST ${places.linkControlUrl}/cut`,
        '  or so that connections are refused:',
        `  curl -s -X POST '${places.linkControlUrl}/cut?how=refuse'`,
      ],
    ],
    [
      '3. Ask again',
      [
        `  ${kubectl} get pods -A`,
        '      The same pods, from what the node knows, with fewer columns: those are made by the cloud. The first one to',
        '      ask waits up to 5 s while the hub makes sure that the cloud is gone; after that answers come at once.',
        `  ${curl(pods, '-sSi')}`,
        '      X-Holdfast-Source: cache and X-Holdfast-Age: <seconds> say where it comes from and how old it is.',
        `  ${curl('/api/v1/namespaces/shop/secrets', '-sSi')}`,
        '      Never asked for before the cut, so not known: 503 with a Status that says why. Never an empty list.',
        `  curl -s ${places.adminUrl}/status`,
        '      What the hub says about the link, and about what it knows.',
        `  ${cloud} -n shop delete pod -l app=web --wait=false`,
        '      This reaches the cloud past the link. The node cannot know yet: it still shows the old pods.',
        '  The watches of step 1 stay open, quiet and without an error.',
      ],
    ],
    [
      '4. Write while the cloud is away',
      [
        `  ${kubectl} -n shop ${settings} '{"data":{"LOG_LEVEL":"warn"}}'`,
        `  ${kubectl} -n shop get configmap settings -o jsonpath='{.data}{"\\n"}'`,
        '      On disk before kubectl was answered, and seen by everybody on the node.',
        `  ${kubectl} -n shop create deployment more --image registry.example/more:1`,
        '      Only the cloud can decide this: 503, and why.',
        '  The same price on both sides of the cut:',
        `  ${kubectl} -n shop ${prices} '{"data":{"bread":"3.10"}}'`,
        `  ${cloud} -n shop ${prices} '{"data":{"bread":"3.50"}}'`,
        `  ${outbox('list')}`,
      ],
    ],
    [
      '5. Heal the link',
      [
        `  curl -s -X POST ${places.linkControlUrl}/heal`,
        '      The hub notices within seconds and first brings the writes there: wait for replay.ended in the log here.',
        `  ${kubectl} get pods -A`,
        '      Fresh again; the watches of step 1 go on with what they missed.',
        `  ${cloud} -n shop get configmap settings -o jsonpath='{.data}{"\\n"}'`,
        '      What was written offline has arrived.',
        `  ${outbox('list')}`,
        '      Both sides have changed the price of bread, so that write is parked. Its number stands first; if it is 2:',
        `  ${outbox('show 2', decide)}`,
        `  ${outbox('retry 2 --mine', decide)}`,
        `  ${cloud} -n shop get configmap prices -o jsonpath='{.data}{"\\n"}'`,
        '      The price of the node, now in the cloud, too.',
      ],
    ],
    ['Stop', ['  Ctrl-C here. Nothing else was changed on this machine.']],
  ];
  return sections.map(([title, lines]) => [title, ...lines].join('\n')).join('\n\n');
}

/** A path as one word of a shell line. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
