// A bootstrap token, `ID.SECRET`, as kubeadm makes them. Source: k8s.io/cluster-bootstrap token/api/types.go.
import { InvalidValueError, type OptionType } from '../option-types.ts';

export interface BootstrapToken {
  /** Public: it names the token's Secret and its signature in cluster-info. */
  readonly id: string;
  readonly secret: string;
}

/** Undefined when the text has not the form of one. */
export function parseBootstrapToken(text: string): BootstrapToken | undefined {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text);
  return match === null ? undefined : { id: match[1]!, secret: match[2]! };
}

export function bootstrapTokenText({ id, secret }: BootstrapToken): string {
  return `${id}.${secret}`;
}

/** A refusal does not repeat the text: it may be a secret with a slip in it. */
export const bootstrapToken: OptionType<BootstrapToken> = {
  placeholder: 'ID.SECRET',
  parse(text) {
    const token = parseBootstrapToken(text);
    if (token !== undefined) return token;
    throw new InvalidValueError(
      'this is not a bootstrap token (6 and 16 lower-case letters and digits with a dot between); `kubeadm token create` makes one',
    );
  },
};
