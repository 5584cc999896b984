// What a label key and a label value may look like. Each function lists what is wrong with its argument; an empty list
// means valid. Source: apimachinery pkg/util/validation (IsQualifiedName, IsValidLabelValue).

const namePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const nameForm =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName', or 'my.name', or '123-abc')";
const subdomainForm =
  "must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com')";

/** A key is 'name' or 'prefix/name': a DNS subdomain of up to 253 bytes and a name of up to 63. */
export function labelKeyProblems(key: string): readonly string[] {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  if (name.includes('/')) {
    return [`a qualified name ${nameForm} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const problems: string[] = [];
  if (slash >= 0) {
    const prefix = key.slice(0, slash);
    if (prefix === '') problems.push('prefix part must be non-empty');
    else if (prefix.length > 253) problems.push('prefix part must be no more than 253 bytes');
    else if (!subdomainPattern.test(prefix))
      problems.push(`prefix part a lowercase RFC 1123 subdomain ${subdomainForm}`);
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push('name part must be no more than 63 bytes');
  if (name !== '' && !namePattern.test(name)) problems.push(`name part ${nameForm}`);
  return problems;
}

/** A value is empty or up to 63 bytes in the form of a name. */
export function labelValueProblems(value: string): readonly string[] {
  const problems: string[] = [];
  if (value.length > 63) problems.push('must be no more than 63 bytes');
  if (value !== '' && !namePattern.test(value))
    problems.push(`a valid label must be an empty string or ${nameForm.replace('must ', '')}`);
  return problems;
}
