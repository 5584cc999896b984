// The commands about pods' addresses, in the order the help shows them. They work on the directory itself, as root,
// whether the daemon runs or not.
import type { Command } from '../command.ts';
import { installOptions, uninstallOptions } from './install-options.ts';
import {
  auditOptions,
  directoryOptions,
  importOptions,
  ipamDoctorOptions,
  lsOptions,
  releaseOptions,
} from './ipam-options.ts';

export const ipamCommands: readonly Command[] = [
  {
    name: 'ipam ls',
    summary: 'List the addresses that pods of this node hold, and those that are kept for them.',
    arguments: [],
    options: lsOptions,
    load: async () => (await import('./ls.ts')).ipamLs,
  },
  {
    name: 'ipam why',
    summary: 'Say of an address, or of the addresses of a pod: state, what shows it, what will become of it.',
    arguments: ['IP|[NAMESPACE/]POD'],
    options: directoryOptions,
    load: async () => (await import('./why.ts')).ipamWhy,
  },
  {
    name: 'ipam audit',
    summary: 'Say who had an address, or which addresses a pod had, and when.',
    arguments: ['IP|[NAMESPACE/]POD'],
    options: auditOptions,
    load: async () => (await import('./audit.ts')).ipamAudit,
  },
  {
    name: 'ipam release',
    summary: 'Forget whom an address is kept for; free one whose sandbox is gone.',
    arguments: ['IP|[NAMESPACE/]POD'],
    options: releaseOptions,
    load: async () => (await import('./release.ts')).ipamRelease,
  },
  {
    name: 'ipam pin',
    summary: 'Keep an address for its pod until it is released, whatever becomes of the pod.',
    arguments: ['IP'],
    options: directoryOptions,
    load: async () => (await import('./pin.ts')).ipamPin,
  },
  {
    name: 'ipam import',
    summary: 'Put on record whose the addresses are that host-local, or the one of OpenYurt, has given out.',
    arguments: [],
    options: importOptions,
    load: async () => (await import('./import.ts')).ipamImport,
  },
  {
    name: 'ipam install',
    summary: 'Let pods keep their addresses: put the CNI plugin in, and let a network take its addresses from it.',
    arguments: [],
    options: installOptions,
    load: async () => (await import('./install.ts')).ipamInstall,
  },
  {
    name: 'ipam uninstall',
    summary: 'Go back to host-local: put back what install has changed, and take the plugin out.',
    arguments: [],
    options: uninstallOptions,
    load: async () => (await import('./uninstall.ts')).ipamUninstall,
  },
  {
    name: 'ipam doctor',
    summary: 'Look for what on this node will lose the addresses of pods, and say what to do. The daemon need not run.',
    arguments: [],
    options: ipamDoctorOptions,
    load: async () => (await import('./doctor.ts')).ipamDoctor,
  },
];
