// The I/O around parseOptions: finds and reads the configuration file, then hands everything to the pure parser.
import { readFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { OptionTable, ValuesOf } from '../hub/option.ts';
import { path } from '../hub/option-types.ts';
import { options } from '../hub/options.ts';
import { type ConfigurationFile, namedConfigurationFile, parseOptions, UsageError } from '../hub/parse-options.ts';
import type { Terminal } from './command.ts';
import { knownToAll } from './join-options.ts';

/** @throws UsageError with every problem in flags, environment and file */
export async function readOptions<Table extends OptionTable>(
  table: Table,
  flags: readonly string[],
  { environment, surroundings }: Pick<Terminal, 'environment' | 'surroundings'>,
): Promise<ValuesOf<Table>> {
  const name = namedConfigurationFile({ flags, environment });
  const file = name === undefined ? undefined : await readConfigurationFile(path.parse(name, surroundings));
  return parseOptions(table, { flags, environment, file }, surroundings, { ...options, ...knownToAll });
}

/** YAML, or JSON when the name says so. The YAML reader is loaded only when there is YAML to read. */
export async function readConfigurationFile(file: string, flag = '--config'): Promise<ConfigurationFile> {
  try {
    const text = await readFile(file, 'utf8');
    const content: unknown =
      extname(file) === '.json' ? JSON.parse(text) : (await import('../hub/parse-yaml.ts')).parseYaml(text);
    return { path: file, directory: dirname(file), content };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw new UsageError([`${flag}: there is no file ${file}`]);
    if (code === 'EACCES')
      throw new UsageError([`${flag}: no permission to read ${file}; run as its owner or change its mode`]);
    throw new UsageError([`${flag}: ${file} cannot be read: ${error.message}`]);
  }
}
