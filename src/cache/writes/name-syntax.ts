// What names may look like. Each function lists what is wrong; an empty list means valid. Source: apimachinery
// pkg/util/validation and pkg/api/validation/path.

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainPattern = new RegExp(`^${label}(\\.${label})*$`);
const labelPattern = new RegExp(`^${label}$`);
const keyPattern = /^[-._a-zA-Z0-9]+$/;

export function subdomainProblems(name: string): readonly string[] {
  const problems: string[] = [];
  if (name.length > 253) problems.push('must be no more than 253 bytes');
  if (!subdomainPattern.test(name)) {
    problems.push(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com')",
    );
  }
  return problems;
}

export function dnsLabelProblems(name: string): readonly string[] {
  const problems: string[] = [];
  if (name.length > 63) problems.push('must be no more than 63 bytes');
  if (!labelPattern.test(name)) {
    problems.push(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name', or '123-abc')",
    );
  }
  return problems;
}

/** What every name must be: one segment of a path. */
export function pathSegmentProblems(name: string): readonly string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((one) => name.includes(one)).map((one) => `may not contain '${one}'`);
}

/** Keys of `data` in ConfigMaps and Secrets. */
export function dataKeyProblems(key: string): readonly string[] {
  const problems: string[] = [];
  if (key.length > 253) problems.push('must be no more than 253 characters');
  if (!keyPattern.test(key)) {
    problems.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name', or 'KEY_NAME', or 'key-name')",
    );
  }
  if (key === '.' || key.startsWith('..'))
    problems.push(`must not ${key === '.' ? 'be' : 'start with'} '${key === '.' ? '.' : '..'}'`);
  return problems;
}

/** A generateName as it is judged: a dash at its end will be followed by something. */
export function asPrefix(generateName: string): string {
  return generateName.length > 1 && generateName.endsWith('-') ? `${generateName.slice(0, -2)}a` : generateName;
}

const longestBase = 58;

/** The name that a generateName becomes: its first 58 characters and five random ones. */
export function generatedName(generateName: string, suffix: string): string {
  return generateName.slice(0, longestBase) + suffix;
}
