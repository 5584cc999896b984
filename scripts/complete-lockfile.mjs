// Adds to package-lock.json the optional platform packages that the registry in use could not describe (a mirror
// that holds only some platforms), so that `npm ci` accepts the lock file on every machine. Run after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32', 'netbsd', 'openbsd', 'aix'];
const processors = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el'];

/** @param {string} name a platform package, e.g. `@biomejs/cli-linux-x64-musl` */
function platformOf(name) {
  const words = name.split('/').pop().split(/[-_.]/);
  const cpu = processors.find(
    (one) => words.includes(one) || (one === 'arm' && words.some((word) => /^arm/.test(word))),
  );
  const os = systems.find((one) => words.includes(one));
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(os === 'linux' && libc && { libc: [libc] }) };
}

for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const parents = place.split('/node_modules/');
    const nested = `${place}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    if (lock.packages[nested] || lock.packages[hoisted] || parents.length === 0) continue;
    const platform = platformOf(name);
    if (!platform.os) continue;
    lock.packages[hoisted] = { version, ...platform, ...(entry.dev && { dev: true }), optional: true };
    console.log(`added ${name}@${version} ${JSON.stringify(platform)}`);
  }
}
const sorted = Object.keys(lock.packages).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
lock.packages = Object.fromEntries(sorted.map((place) => [place, lock.packages[place]]));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
