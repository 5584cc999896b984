// From what was written (flags, environment, configuration file) to one frozen value per option. Pure.
// Flags win over the environment, the environment over the file, the file over the defaults. Whatever is unknown
// or malformed is refused, all of it at once: each problem says what, where and what to do.
import { parseArgs } from 'node:util';
import { closestName } from './closest-name.ts';
import { environmentName, fileKey, type Option, type OptionTable, type ValuesOf } from './option.ts';
import { InvalidValueError, type Surroundings } from './option-types.ts';

export interface ConfigurationFile {
  readonly path: string;
  /** Relative paths in the file are relative to this. */
  readonly directory: string;
  /** What the YAML or JSON text says. */
  readonly content: unknown;
}

export interface Written {
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file?: ConfigurationFile | undefined;
}

/** The command line, the environment or the file cannot be used as written. `problems` has one sentence each. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'HOLDFAST_USAGE';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

interface Given {
  readonly where: string;
  readonly texts: readonly string[];
  readonly directory?: string;
}
/** What one source says: field name in the table → texts. Sources come in order of importance. */
type Source = ReadonlyMap<string, Given>;

/**
 * Values for `table`, whose options may be given as flags. The environment and the file may hold any option of
 * `known` besides (the daemon's own file also serves `holdfast status`).
 *
 * @throws UsageError with every problem found
 */
export function parseOptions<Table extends OptionTable>(
  table: Table,
  written: Written,
  surroundings: Surroundings,
  known: OptionTable = table,
): ValuesOf<Table> {
  const problems: string[] = [];
  const sources = [
    readFlags(table, written.flags, problems),
    readEnvironment({ ...known, ...table }, written.environment, problems),
    readFile({ ...known, ...table }, written.file, problems),
  ];
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const given = sources.map((source) => source.get(name)).find((one) => one !== undefined);
    values[name] = readValue(option, given, surroundings, problems);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return Object.freeze(values) as ValuesOf<Table>;
}

/** Where the configuration file is, before anything else is read; undefined when none is named. */
export function namedConfigurationFile(written: Pick<Written, 'flags' | 'environment'>): string | undefined {
  const { values } = parseArgs({ args: [...written.flags], strict: false, options: { config: { type: 'string' } } });
  const flag = typeof values.config === 'string' ? values.config : undefined;
  return flag || written.environment.HOLDFAST_CONFIG || undefined;
}

function readValue(
  option: Option<unknown>,
  given: Given | undefined,
  surroundings: Surroundings,
  problems: string[],
): unknown {
  try {
    if (given?.texts.some((text) => text.trim() === '')) throw new InvalidValueError('the value is empty');
    const directory = given?.directory ?? surroundings.directory;
    return option.read(given?.texts, { ...surroundings, directory });
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    problems.push(`${given?.where ?? `--${option.flag} (default)`}: ${error.message}`);
    return undefined;
  }
}

function readFlags(table: OptionTable, flags: readonly string[], problems: string[]): Source {
  const names = namesBy(table, ({ flag }) => flag);
  const { tokens } = parseArgs({ args: [...flags], strict: false, tokens: true, options: argumentTypes(table) });
  const source = new Map<string, Given>();
  let isValueOfUnknown = false;
  for (const token of tokens) {
    if (token.kind === 'positional' && !isValueOfUnknown) {
      problems.push(`"${token.value}": no such argument here; options start with --`);
    }
    isValueOfUnknown = false;
    if (token.kind !== 'option') continue;
    const name = names.get(token.name);
    if (name === undefined) {
      const foreign = Object.values(table).find(({ elsewhere }) => elsewhere?.includes(token.name));
      problems.push(
        foreign === undefined
          ? unknown('option', token.rawName, token.name, names.keys(), '--')
          : `${token.rawName}: that is --${foreign.flag} here`,
      );
      isValueOfUnknown = !token.inlineValue;
    } else if (table[name]!.isSwitch) {
      if (token.inlineValue) problems.push(`${token.rawName}: takes no value; write ${token.rawName} alone`);
      source.set(name, { where: `--${token.name}`, texts: ['true'] });
    } else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
      const wanted = `needs a value (${table[name]!.placeholder})`;
      problems.push(`${token.rawName}: ${wanted}; to begin one with "--" write ${token.rawName}=VALUE`);
    } else {
      source.set(name, { where: `--${token.name}`, texts: [...(source.get(name)?.texts ?? []), token.value] });
    }
  }
  return source;
}

// Kubernetes writes these into every container that starts beside a Service called holdfast or holdfast-something;
// tests keep their own settings under HOLDFAST_TEST_ and HOLDFAST_E2E_.
const notOurs =
  /^HOLDFAST_((TEST|E2E)_.*|(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?))$/;

/** For node:util's parseArgs. */
export function argumentTypes(table: OptionTable): Record<string, ArgumentType> {
  return Object.fromEntries(
    Object.values(table).map(({ flag, letter, isSwitch }) => [
      flag,
      { type: isSwitch ? 'boolean' : 'string', multiple: true, ...(letter && { short: letter }) },
    ]),
  );
}

interface ArgumentType {
  readonly type: 'string' | 'boolean';
  readonly multiple: true;
  readonly short?: string;
}

function readEnvironment(table: OptionTable, environment: Written['environment'], problems: string[]): Source {
  const names = namesBy(table, environmentName);
  const source = new Map<string, Given>();
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('HOLDFAST_') || notOurs.test(variable) || text === undefined || text === '') continue;
    const name = names.get(variable);
    if (name === undefined) problems.push(unknown('environment variable', variable, variable, names.keys()));
    else source.set(name, { where: variable, texts: [text] });
  }
  return source;
}

function readFile(table: OptionTable, file: ConfigurationFile | undefined, problems: string[]): Source {
  const source = new Map<string, Given>();
  if (file === undefined || file.content === null || file.content === undefined) return source;
  if (typeof file.content !== 'object' || Array.isArray(file.content)) {
    problems.push(`${file.path}: is not a list of "key: value" settings`);
    return source;
  }
  const names = namesBy(table, fileKey);
  for (const [key, value] of Object.entries(file.content)) {
    const where = `${file.path}: ${key}`;
    const name = names.get(key);
    if (name === undefined) problems.push(unknown('key', where, key, names.keys()));
    else if (value === null) problems.push(`${where}: has no value; remove the line or write one`);
    else {
      const texts = textsOf(value, table[name]!.isRepeatable);
      if (texts === undefined)
        problems.push(`${where}: must be ${table[name]!.isRepeatable ? 'a list of texts' : 'one text'}`);
      else source.set(name, { where, texts, directory: file.directory });
    }
  }
  return source;
}

/** How an option is spelled in one source → its name in the table. */
function namesBy(table: OptionTable, spell: (option: Option<unknown>) => string | undefined): Map<string, string> {
  const pairs = Object.entries(table).map(([name, option]) => [spell(option), name] as const);
  return new Map(pairs.filter((pair): pair is [string, string] => pair[0] !== undefined));
}

function textsOf(value: unknown, isRepeatable: boolean): string[] | undefined {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (Array.isArray(value) && !isRepeatable) return undefined;
  return values.every((one) => typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean')
    ? values.map(String)
    : undefined;
}

function unknown(kind: string, where: string, typed: string, known: Iterable<string>, prefix = ''): string {
  const nearest = closestName(typed, known);
  const list = kind === 'option' ? '`--help`' : '`holdfast run --help`';
  const hint = nearest === undefined ? `${list} lists them` : `did you mean ${prefix}${nearest}?`;
  return `${where}: no such ${kind}; ${hint}`;
}
