// One value of `--filter`: `service-topology`, or `service-topology=kube-proxy,my-proxy` for other programs than the usual.
import { closestName } from '../closest-name.ts';
import { InvalidValueError, type OptionType } from '../option-types.ts';
import { filterList, namesInYurtHub } from './filter-list.ts';
import { rootCa } from './root-ca.ts';

export interface ChosenFilter {
  readonly name: string;
  /** Lower-case; undefined: the usual ones. */
  readonly components: readonly string[] | undefined;
}

export const chosenFilter: OptionType<ChosenFilter> = {
  placeholder: 'NAME[=COMPONENT,…]',
  separator: ';',
  parse(text) {
    const at = text.indexOf('=');
    const word = at < 0 ? text : text.slice(0, at).trim();
    const name = namesInYurtHub[word] ?? word;
    if (!choosable.includes(name)) {
      const near = closestName(word, choosable);
      const hint = near === undefined ? `there are ${choosable.join(', ')}` : `did you mean ${near}?`;
      throw new InvalidValueError(`"${word}" is no filter; ${hint}`);
    }
    return { name, components: at < 0 ? undefined : componentsOf(text.slice(at + 1)) };
  },
};

/** The hub's authority goes along by itself. */
const choosable = filterList.map(({ name }) => name).filter((name) => name !== rootCa.name);

function componentsOf(text: string): readonly string[] {
  const components = text.split(',').map((one) => one.trim().toLowerCase());
  const wrong = components.find((one) => !/^[a-z0-9][a-z0-9._-]*$/.test(one));
  if (wrong !== undefined) {
    throw new InvalidValueError(
      `"${wrong}" names no program; write what its User-Agent begins with, up to the slash: kube-proxy`,
    );
  }
  return components;
}
