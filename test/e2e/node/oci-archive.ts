// An OCI image archive (image-spec: image-layout, manifest, config) of one program, as `ctr images import` reads it. No
// registry, no other tools. One layer may serve several images.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tar } from './tar.ts';

export interface ImageOrder {
  /** With its tag. */
  readonly name: string;
  readonly entrypoint: readonly string[];
}

/** Every image has the program at /app and nothing else but empty directories. */
export function ociArchive(program: Uint8Array, images: readonly ImageOrder[]): Buffer {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, content: Buffer) => {
    const digest = sha256(content);
    blobs.set(`blobs/${digest.replace(':', '/')}`, content);
    return { mediaType, digest, size: content.length };
  };
  const putJson = (mediaType: string, value: unknown) => put(mediaType, Buffer.from(JSON.stringify(value)));
  const type = (what: string) => `application/vnd.oci.image.${what}`;

  const directories = ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'var'].map((name) => ({ name: `${name}/` }));
  const files = tar([...directories, { name: 'app', content: program, isExecutable: true }]);
  const layer = put(type('layer.v1.tar+gzip'), gzipSync(files));
  const manifests = images.map(({ name, entrypoint }) => {
    const config = putJson(type('config.v1+json'), {
      architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch,
      os: 'linux',
      config: { Entrypoint: entrypoint },
      rootfs: { type: 'layers', diff_ids: [sha256(files)] },
    });
    const mediaType = type('manifest.v1+json');
    const annotations = {
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': name.split(':').at(-1),
    };
    return { ...putJson(mediaType, { schemaVersion: 2, mediaType, config, layers: [layer] }), annotations };
  });
  const named: TarEntry[] = [
    { name: 'oci-layout', content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { name: 'index.json', content: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })) },
  ];
  return tar([...named, ...[...blobs].map(([name, content]) => ({ name, content }))]);
}

function sha256(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
