// One setting: how it is named wherever it can be given, how often it can be, and what it is when nobody gives it. Pure.
import type { OptionType, Surroundings } from './option-types.ts';

export interface Option<Value> {
  /** Without the dashes. The environment variable and the file key are derived from it. */
  readonly flag: string;
  /** One letter, for the command line only: `o` for `-o`. */
  readonly letter?: string;
  readonly section: 'Cluster' | 'Node' | 'Ports' | 'Reads' | 'Filters' | 'Writes' | 'Addresses' | 'Logs' | 'Output';
  readonly help: string;
  readonly placeholder: string;
  readonly isRepeatable: boolean;
  /** Stands alone, without a value. On the command line only. */
  readonly isSwitch?: true;
  /** What other programs call it: not understood, but whoever writes it is told the name here. */
  readonly elsewhere?: readonly string[];
  /** Where it can stand besides the command line; everywhere when left out. */
  readonly alsoIn?: readonly ('environment' | 'file')[];
  /** As a reader sees it; undefined when there is none. */
  readonly defaultText: string | undefined;
  /** The value of all texts given for it, or its default when there are none. */
  read(texts: readonly string[] | undefined, surroundings: Surroundings): Value;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;
export type ValuesOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};
type Words = Pick<Option<unknown>, 'flag' | 'letter' | 'section' | 'help' | 'alsoIn' | 'elsewhere'>;

/** At most one value, and none when nobody gives one. */
export function optional<Value>(type: OptionType<Value>, words: Words): Option<Value | undefined> {
  return {
    ...words,
    placeholder: type.placeholder,
    isRepeatable: false,
    defaultText: undefined,
    read: (texts, surroundings) => (texts === undefined ? undefined : type.parse(texts.at(-1)!, surroundings)),
  };
}

/** Always one value. A default that depends on the machine comes with the words that describe it. */
export function withDefault<Value>(
  type: OptionType<Value>,
  preset: string | { words: string; text(surroundings: Surroundings): string },
  words: Words,
): Option<Value> {
  return {
    ...words,
    placeholder: type.placeholder,
    isRepeatable: false,
    defaultText: typeof preset === 'string' ? preset : preset.words,
    read(texts, surroundings) {
      const fallback = () => (typeof preset === 'string' ? preset : preset.text(surroundings));
      return type.parse(texts?.at(-1) ?? fallback(), surroundings);
    },
  };
}

/** True when it is given. */
export function switchOption(words: Omit<Words, 'alsoIn'>): Option<boolean> {
  return {
    ...words,
    placeholder: '',
    isRepeatable: false,
    isSwitch: true,
    alsoIn: [],
    defaultText: undefined,
    read: (texts) => texts !== undefined,
  };
}

/** Any number of values: the flag repeated, or separated by commas (a type that has commas in its values says by what). */
export function repeated<Value>(
  type: OptionType<Value>,
  defaults: readonly string[],
  words: Words,
): Option<readonly Value[]> {
  const split = (text: string): string[] => text.split(type.separator ?? ',').map((part) => part.trim());
  return {
    ...words,
    placeholder: type.placeholder,
    isRepeatable: true,
    defaultText: defaults.length === 0 ? undefined : defaults.join(', '),
    read: (texts, surroundings) =>
      Object.freeze((texts ?? defaults).flatMap(split).map((text) => type.parse(text, surroundings))),
  };
}

/** `HOLDFAST_DATA_DIR` for `data-dir`; undefined when it cannot stand there. */
export function environmentName(option: Pick<Option<unknown>, 'flag' | 'alsoIn'>): string | undefined {
  if (option.alsoIn?.includes('environment') === false) return undefined;
  return `HOLDFAST_${option.flag.replaceAll('-', '_').toUpperCase()}`;
}

/** `dataDir` for `data-dir`, the key in a configuration file; undefined when it cannot stand there. */
export function fileKey(option: Pick<Option<unknown>, 'flag' | 'alsoIn'>): string | undefined {
  if (option.alsoIn?.includes('file') === false) return undefined;
  return option.flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
