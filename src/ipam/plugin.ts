// One call of the CNI plugin, from environment and stdin to stdout and exit code. All that touches the directory of
// reservations is behind the verbs; nothing here is asynchronous, and nothing throws.

import { formatAddress } from './address.ts';
import type { Attachment } from './cni/attachment.ts';
import { podOfCniArgs } from './cni/cni-args.ts';
import { CniError, cniErrorCode } from './cni/cni-error.ts';
import {
  attachmentOf,
  checkEnvironment,
  checkNetworkName,
  type Environment,
  mayBeOwnNetns,
} from './cni/environment.ts';
import { goJson, systemErrorText } from './cni/go-text.ts';
import { type DecodeMistake, decodeFromTop, object, string, toldMistake } from './cni/json-decoder.ts';
import { findJsonMistake } from './cni/json-mistake.ts';
import { parseNetworkConfig, parseNetworkConfigLeniently } from './cni/network-config.ts';
import { type Dns, noDns, parseResolvConf } from './cni/resolv-conf.ts';
import { formatResult } from './cni/result.ts';
import { isAtLeast, specVersion, supportedVersions } from './cni/spec-version.ts';
import type { IpamVerbs } from './cni/verbs.ts';

export interface PluginCall {
  readonly environment: Environment;
  /** Read at most once, and not at all for VERSION. */
  readonly readStdin: () => Buffer;
  /** The text of a file, for `resolvConf`. */
  readonly readFile: (path: string) => string;
  /** Whether a path is the network namespace that this process is in. */
  readonly isOwnNetns: (path: string) => boolean;
  readonly verbs: IpamVerbs;
  /** Makes the node ask anew where an address is. */
  readonly forgetNeighbours: (addresses: readonly string[]) => void;
  /** Of Holdfast, for the about text. */
  readonly version: string;
}

export interface PluginAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: 0 | 1;
}

export const runPlugin = (call: PluginCall): PluginAnswer => {
  if (!call.environment.CNI_COMMAND) return { stdout: '', stderr: about(call.version), exitCode: 0 };
  try {
    return { stdout: answer(call), stderr: '', exitCode: 0 };
  } catch (error) {
    return { stdout: goJson(errorJson(error)), stderr: '', exitCode: 1 };
  }
};

const about = (version: string): string =>
  `CNI holdfast-ipam plugin v${version}\nCNI protocol versions supported: ${supportedVersions.join(', ')}\n`;

const errorJson = (error: unknown): object => {
  if (!(error instanceof CniError)) return { code: cniErrorCode.internal, msg: systemErrorText(error) };
  const { code, message: msg, details } = error;
  return { code, msg, ...(details !== '' && { details }) };
};

const answer = (call: PluginCall): string => {
  const { environment } = call;
  checkEnvironment(environment);
  const verb = environment.CNI_COMMAND ?? '';
  if (verb === 'VERSION') {
    return `${JSON.stringify({ cniVersion: supportedVersions.at(-1), supportedVersions })}\n`;
  }
  const json = readJson(call);
  checkNetworkName(memberOf(json, 'name', (why) => `error unmarshall network config: ${why}`));
  const since = Object.hasOwn(availableSince, verb) ? availableSince[verb] : undefined;
  if (since === undefined) throw new CniError(cniErrorCode.invalidEnvironment, `unknown CNI_COMMAND: ${verb}`);
  const configured = memberOf(json, 'cniVersion', (why) => `decoding version from network config: ${why}`);
  checkVersion(verb, configured || '0.1.0', since);
  return answerTo[verb as Verb](call, json);
};

type Verb = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS';

/** Version of the specification that each verb came with; before that it is refused. */
const availableSince: Readonly<Record<string, string | undefined>> = {
  ADD: '',
  DEL: '',
  CHECK: '0.4.0',
  GC: '1.1.0',
  STATUS: '1.1.0',
};

const checkVersion = (verb: string, configured: string, since: string): void => {
  const refuse = (what: string): CniError =>
    new CniError(cniErrorCode.incompatibleVersion, `${what} version does not allow ${verb}`);
  if (since !== '') {
    if (!isAtLeast(configured, since)) throw refuse('config');
    if (!supportedVersions.some((one) => isAtLeast(one, configured))) throw refuse('plugin');
  }
  specVersion(configured);
};

const answerTo: Readonly<Record<Verb, (call: PluginCall, json: unknown) => string>> = {
  ADD: (call, json) => {
    const config = parseNetworkConfig(json, argsOf(call));
    const dns = config.resolvConf === '' ? noDns : readResolvConf(call, config.resolvConf);
    refuseOwnNetns(call);
    const assigned = call.verbs.add(config, attachment(call));
    call.forgetNeighbours(assigned.flatMap((one) => (one.hadInThisBoot ? [formatAddress(one.address)] : [])));
    return formatResult({ assigned, routes: config.routes, dns }, config.cniVersion);
  },
  DEL: (call, json) => {
    call.verbs.del(parseNetworkConfigLeniently(json, 'DEL'), attachment(call));
    refuseOwnNetns(call); // only now, so that nothing stays behind
    return '';
  },
  CHECK: (call, json) => {
    call.verbs.check(parseNetworkConfig(json, argsOf(call)), attachment(call));
    return '';
  },
  GC: (call, json) => {
    call.verbs.gc(parseNetworkConfigLeniently(json, 'GC'));
    return '';
  },
  // A runtime makes the whole node NotReady of a refusal here, so a mistake in the ranges is left to ADD.
  STATUS: (call, json) => {
    call.verbs.status(parseNetworkConfigLeniently(json, 'STATUS'));
    return '';
  },
};

const readResolvConf = ({ readFile }: PluginCall, path: string): Dns => {
  try {
    return parseResolvConf(readFile(path));
  } catch (cause) {
    throw new Error(systemErrorText(cause, path), { cause });
  }
};

const argsOf = ({ environment }: PluginCall): string => environment.CNI_ARGS ?? '';

const attachment = (call: PluginCall): Attachment => attachmentOf(call.environment, podOfCniArgs(argsOf(call)));

const refuseOwnNetns = ({ environment, isOwnNetns }: PluginCall): void => {
  if (mayBeOwnNetns(environment) || !isOwnNetns(environment.CNI_NETNS ?? '')) return;
  const message = "plugin's netns and netns from CNI_NETNS should not be the same";
  throw new CniError(cniErrorCode.invalidNetns, message);
};

const readJson = ({ readStdin }: PluginCall): unknown => {
  const bytes = readInput(readStdin);
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    const why = findJsonMistake(bytes) ?? (cause as Error).message;
    throw new CniError(cniErrorCode.decodingFailure, `error unmarshall network config: ${why}`, { cause });
  }
};

const readInput = (readStdin: () => Buffer): Buffer => {
  try {
    return readStdin();
  } catch (cause) {
    const message = `error reading from stdin: ${systemErrorText(cause, '/dev/stdin')}`;
    throw new CniError(cniErrorCode.ioFailure, message, { cause });
  }
};

/** A string of the document, empty when it is not there. */
const memberOf = (json: unknown, key: 'name' | 'cniVersion', complaint: (why: string) => string): string => {
  const goType = `struct { ${key === 'name' ? 'Name' : 'CNIVersion'} string "json:\\"${key}\\"" }`;
  const mistakes: DecodeMistake[] = [];
  const found = decodeFromTop(object('', { [key]: string }, goType), json, mistakes);
  const told = toldMistake(mistakes);
  if (told) throw new CniError(cniErrorCode.decodingFailure, complaint(told.message));
  return found?.[key] ?? '';
};
