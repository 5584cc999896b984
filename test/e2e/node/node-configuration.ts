// How containerd, CNI and kubelet are configured on a node of the tests: values in, files' contents out.

export interface NodePlaces {
  /** All pods are below it. */
  readonly cgroup: string;
  readonly cniConfigDirectory: string;
  /** Where the CNI plugins are. */
  readonly cniProgramDirectory: string;
  readonly manifestDirectory: string;
  /** Whose client certificates kubelet's own port takes. */
  readonly clientCaFile: string;
}

export const pauseImage = 'holdfast.test/pause:1';
export const podImage = 'holdfast.test/pod:1';

/** What kubelet wants of the kernel; it writes only what is different (pkg/kubelet/cm, setupKernelTunables). */
export const quietSysctls: readonly (readonly [path: string, value: string])[] = [
  ['vm/overcommit_memory', '1'],
  ['vm/panic_on_oom', '0'],
  ['kernel/panic', '10'],
  ['kernel/panic_on_oops', '1'],
  ['kernel/keys/root_maxkeys', '1000000'],
  ['kernel/keys/root_maxbytes', '25000000'],
];

export const network = {
  cniVersion: '0.4.0',
  name: 'e2e',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: { type: 'host-local', routes: [{ dst: '0.0.0.0/0' }], ranges: [[{ subnet: '10.244.1.0/24' }]] },
    },
  ],
};

export function containerdConfig(places: NodePlaces): string {
  const unused = ['snapshotter.v1.btrfs', 'snapshotter.v1.zfs', 'snapshotter.v1.devmapper', 'snapshotter.v1.aufs'];
  const disabled = [...unused, 'internal.v1.opt'].map((plugin) => `"io.containerd.${plugin}"`).join(', ');
  // restrict_oom_score_adj: where CAP_SYS_RESOURCE is missing, pause cannot be given the score that it should have.
  return `version = 2
disabled_plugins = [${disabled}]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${places.cniProgramDirectory}"
    conf_dir = "${places.cniConfigDirectory}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

export function kubeletConfig(places: NodePlaces): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${places.cgroup}`,
    failSwapOn: false,
    oomScoreAdj: 0, // less needs CAP_SYS_RESOURCE
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    staticPodPath: places.manifestDirectory,
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    rotateCertificates: false,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: places.clientCaFile },
    },
    authorization: { mode: 'Webhook' },
    // The disk is the whole machine's; how full it is, is not ours to say.
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '1%',
      'nodefs.inodesFree': '1%',
      'imagefs.available': '1%',
    },
    imageGCHighThresholdPercent: 99,
    imageGCLowThresholdPercent: 98,
  };
}
