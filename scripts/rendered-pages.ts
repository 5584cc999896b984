// The documentation pages that are tables, as functions of the tables in the code. Pure.
import { status } from '../src/apimachinery/status.ts';
import { commands } from '../src/cli/commands.ts';
import { errorCatalogue } from '../src/hub/error-catalogue.ts';
import { metricTable } from '../src/hub/metric-table.ts';
import { environmentName, fileKey } from '../src/hub/option.ts';
import { options } from '../src/hub/options.ts';

/** Path from the repository's root → what the page says. */
export function renderedPages(): Readonly<Record<string, string>> {
  return {
    'docs/configuration.md': configurationPage(),
    'docs/metrics.md': metricsPage(),
    'docs/errors.md': errorsPage(),
  };
}

const notice = '<!-- Written by `npm run docs` from a table in the code; change it there. -->';

function configurationPage(): string {
  const rows = Object.values(options);
  const sections = [...new Set(rows.map(({ section }) => section))];
  return page('Configuration', [
    'Every setting of `holdfast run`. Each can be a flag, an environment variable or a key of the file that `--config`',
    'names (YAML or JSON). Flags win over the environment, the environment over the file, the file over the default.',
    'What is unknown is refused, and so is a value that cannot be: nothing starts before every setting is understood.',
    '',
    'Lengths of time are a number and a unit, or several: `500ms`, `90s`, `1h30m`, `7d`. Relative paths are relative to the',
    'working directory; in a file, to the directory of the file. Where a setting can be repeated, repeat the flag, write a',
    'list in the file, or separate the values with commas. An empty environment variable is the same as none.',
    ...sections.flatMap((section) => [
      '',
      `## ${section}`,
      '',
      ...rows
        .filter((option) => option.section === section)
        .flatMap((option) => [
          `### \`--${option.flag} ${option.placeholder}\``,
          '',
          option.help,
          '',
          [
            `Default: ${option.defaultText ?? 'none'}`,
            option.isRepeatable ? 'may be repeated' : undefined,
            spelled('environment', environmentName(option)),
            spelled('file', fileKey(option)),
          ]
            .filter((part) => part !== undefined)
            .join(' · '),
          '',
        ]),
    ]),
    '## Example',
    '',
    '```yaml',
    '# /etc/holdfast/config.yaml, used by: holdfast run --config /etc/holdfast/config.yaml',
    'kubeconfig: /etc/kubernetes/kubelet.conf',
    'nodeName: edge-7',
    'listen:',
    '  - 127.0.0.1:10268',
    '  - 169.254.20.10:10268',
    'tlsSan: edge-7.example.net',
    'scopeLinger: 2h',
    '```',
    '',
    '## Commands',
    '',
    ...table(
      ['command', 'what it does', 'options'],
      commands.map(({ name, arguments: words, summary, options: own }) => [
        code(['holdfast', name, ...words].join(' ')),
        summary,
        Object.keys(own).length === Object.keys(options).length
          ? 'all above'
          : Object.values(own)
              .map(({ flag }) => code(`--${flag}`))
              .join(' ') || 'none',
      ]),
    ),
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong usage.',
  ]);
}

function metricsPage(): string {
  return page('Metrics', [
    'What `http://127.0.0.1:10267/metrics` says, in the text format of Prometheus. Gauges are read when somebody scrapes.',
    'No label carries the name of an object, a user or an address, so the number of series does not grow.',
    '',
    ...table(
      ['metric', 'type', 'labels', 'meaning'],
      Object.values(metricTable).map(({ name, type, labels, help }) => [
        code(name),
        type,
        Object.entries(labels)
          .map(([label, values]) => `${code(label)}: ${label === 'version' ? 'the version' : values.join(', ')}`)
          .join('; '),
        help,
      ]),
    ),
  ]);
}

function errorsPage(): string {
  const rows = Object.entries(errorCatalogue);
  return page('Errors', [
    'Every error of Holdfast has a code, which stands in its log lines. What a client of the API port sees is a `Status`, as',
    'from a kube-apiserver: its reason and HTTP code follow from the code of the error, its message is the message of the',
    'error. A 503 never carries `Retry-After`, because client-go would wait for it and repeat the request up to ten times.',
    '',
    'Answers of the cloud, errors included, are passed on unchanged.',
    '',
    ...[...new Set(rows.map(([, { group }]) => group))].flatMap((group) => [
      '',
      `## ${group}`,
      '',
      ...table(
        ['code', 'clients see', 'when', 'what to do'],
        rows
          .filter(([, entry]) => entry.group === group)
          .map(([name, { reason, when, whatToDo }]) => [
            code(name),
            reason === undefined ? 'nothing' : `${status(reason, '').code} ${reason}`,
            when,
            whatToDo,
          ]),
      ),
    ]),
  ]);
}

function page(title: string, lines: readonly string[]): string {
  const text = [`# ${title}`, '', notice, '', ...lines].join('\n');
  return `${text.replace(/\n{3,}/g, '\n\n').trimEnd()}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)];
}

function spelled(place: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : `${place}: ${code(name)}`;
}

function code(text: string): string {
  return `\`${text}\``;
}
