// The pin of a cluster's authority as it is written, `sha256:HEX`; apart, so that help costs no cryptography.
import { InvalidValueError, type OptionType } from '../option-types.ts';

/** Lower-case, with its `sha256:`. */
export type AuthorityPin = string;

export const authorityPin: OptionType<AuthorityPin> = {
  placeholder: 'sha256:HEX',
  parse(text) {
    const pin = text.toLowerCase();
    if (/^sha256:[0-9a-f]{64}$/.test(pin)) return pin;
    throw new InvalidValueError(
      `"${text}" is not sha256: and 64 hexadecimal digits, as \`kubeadm token create --print-join-command\` prints it`,
    );
  },
};
