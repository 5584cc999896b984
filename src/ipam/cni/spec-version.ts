// The versions of the CNI specification that are spoken here, and how two of them compare.
import { CniError, cniErrorCode } from './cni-error.ts';
import { goQuote, goQuoteAll } from './go-text.ts';

export const supportedVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

export type SpecVersion = (typeof supportedVersions)[number];

/** @throws CniError 1 for a version that is not spoken here; an empty one means 0.1.0 */
export const specVersion = (configured: string): SpecVersion => {
  const version = supportedVersions.find((one) => one === (configured || '0.1.0'));
  if (version !== undefined) return version;
  const details = `config is ${goQuote(configured)}, plugin supports ${goQuoteAll(supportedVersions)}`;
  throw new CniError(cniErrorCode.incompatibleVersion, 'incompatible CNI versions', { details });
};

/** @throws CniError 6 for what is no version at all */
export const isAtLeast = (version: string, other: string): boolean => {
  const [one, two] = [parts(version), parts(other)];
  const differs = one.findIndex((part, index) => part !== two[index]);
  return differs === -1 || one[differs]! > two[differs]!;
};

const parts = (version: string): readonly [number, number, number] => {
  if (version === '') return [0, 1, 0];
  const texts = version.split('.');
  if (texts.length > 3) {
    throw new CniError(cniErrorCode.decodingFailure, `invalid version ${goQuote(version)}: too many parts`);
  }
  const [major, minor = 0, micro = 0] = texts.map((part, index) => {
    if (/^[+-]?\d{1,15}$/.test(part)) return Number(part);
    const name = ['major', 'minor', 'micro'][index];
    const quoted = goQuote(part);
    const why = `failed to convert ${name} version part ${quoted}: strconv.Atoi: parsing ${quoted}: invalid syntax`;
    throw new CniError(cniErrorCode.decodingFailure, why);
  });
  return [major!, minor, micro];
};
