import test from 'ava';
import { StatusError } from '../../src/apimachinery/status.ts';
import { readOptions, readOptionsOrUndefined } from '../../src/cache/read-options.ts';

function read(query: string, verb: 'get' | 'list' | 'watch' = 'list') {
  return readOptions(new URLSearchParams(query), verb);
}

/** `422 field: message; field: message`, or `400 message`. */
function refusal(query: string, verb: 'get' | 'list' | 'watch'): string {
  try {
    read(query, verb);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const causes = error.status.details?.causes?.map(({ field, message }) => `${field}: ${message}`);
    return `${error.status.code} ${causes?.join('; ') ?? error.status.message}`;
  }
  return 'taken';
}

test('a query without read parameters asks for the most recent state, unpaged and without bookmarks', (t) => {
  t.deepEqual(read(''), {
    resourceVersion: '',
    resourceVersionMatch: '',
    limit: 0,
    continue: '',
    allowWatchBookmarks: false,
    sendInitialEvents: undefined,
    timeoutSeconds: undefined,
  });
});

test('every parameter is read', (t) => {
  t.like(read('resourceVersion=0&limit=500&resourceVersionMatch=NotOlderThan'), {
    resourceVersion: '0',
    limit: 500,
    resourceVersionMatch: 'NotOlderThan',
  });
  t.is(read('continue=abc').continue, 'abc');
  const query = 'allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=333';
  t.like(read(query, 'watch'), { allowWatchBookmarks: true, sendInitialEvents: true, timeoutSeconds: 333 });
});

test('of a boolean only "false", "0" and absence are false', (t) => {
  for (const [text, expected] of [
    ['true', true],
    ['1', true],
    ['', true],
    ['yes', true],
    ['false', false],
    ['False', false],
    ['0', false],
  ] as const) {
    t.is(read(`allowWatchBookmarks=${text}`, 'watch').allowWatchBookmarks, expected, text);
  }
});

const taken: readonly (readonly ['list' | 'watch', string])[] = [
  ['list', 'resourceVersion=5&resourceVersionMatch=Exact'],
  ['list', 'resourceVersion=0&resourceVersionMatch=NotOlderThan'],
  ['list', 'resourceVersion=0&continue=abc'],
  ['list', 'limit=-1'],
  ['list', 'limit='],
  ['watch', 'resourceVersion=5'],
  ['watch', 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan'],
  ['watch', 'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=5'],
];
for (const [verb, query] of taken) {
  test(`${verb} takes ?${query}`, (t) => t.is(refusal(query, verb), 'taken'));
}

const needsVersion =
  'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided';
const notWithContinue = 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided';
const notForList = 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list';
const needsInitial =
  'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
const needsMatch =
  'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
const onlyNotOlder = (value: string) =>
  `resourceVersionMatch: Unsupported value: "${value}": supported values: "NotOlderThan"`;

const refused: readonly (readonly ['list' | 'watch', string, string])[] = [
  ['list', 'resourceVersionMatch=Exact', `422 ${needsVersion}`],
  ['list', 'resourceVersion=5&resourceVersionMatch=Exact&continue=a', `422 ${notWithContinue}`],
  ['list', 'resourceVersionMatch=NotOlderThan&continue=a', `422 ${needsVersion}; ${notWithContinue}`],
  [
    'list',
    'resourceVersion=0&resourceVersionMatch=Exact',
    '422 resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
  ],
  [
    'list',
    'resourceVersion=5&resourceVersionMatch=Newest',
    '422 resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
  ],
  ['list', 'sendInitialEvents=false', `422 ${notForList}`],
  ['list', 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan', `422 ${needsVersion}; ${notForList}`],
  ['list', 'resourceVersion=5&continue=abc', '400 specifying resource version is not allowed when using continue'],
  ['watch', 'resourceVersion=5&resourceVersionMatch=NotOlderThan', `422 ${needsInitial}`],
  ['watch', 'resourceVersionMatch=Exact', `422 ${needsInitial}; ${onlyNotOlder('Exact')}`],
  ['watch', 'sendInitialEvents=true', `422 ${needsMatch}`],
  ['watch', 'sendInitialEvents=false', `422 ${needsMatch}`],
  ['watch', 'sendInitialEvents=true&resourceVersionMatch=Exact', `422 ${needsMatch}; ${onlyNotOlder('Exact')}`],
  ['watch', 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=a', `422 ${notWithContinue}`],
];
for (const [verb, query, expected] of refused) {
  test(`${verb} refuses ?${query} with the apiserver's words`, (t) => t.is(refusal(query, verb), expected));
}

for (const query of [
  'resourceVersion=abc',
  'resourceVersion=-1',
  'resourceVersion=1.5',
  'resourceVersion=%205',
  'limit=many',
  'limit=1e3',
  'timeoutSeconds=5m',
]) {
  test(`what is no number is 400: ?${query}`, (t) => {
    t.true(refusal(query, 'list').startsWith('400 '), refusal(query, 'list'));
    t.true(refusal(query, 'watch').startsWith('400 '));
  });
}

test('the Status of a refusal is about ListOptions, as the apiserver writes it', (t) => {
  const error = t.throws(() => read('sendInitialEvents=true', 'list'), { instanceOf: StatusError });
  t.is(
    error?.status.message,
    'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
  );
});

test('parameters that contradict each other are left to the cloud while it can be asked; a defect is not hidden', (t) => {
  t.is(readOptionsOrUndefined({ options: () => read('sendInitialEvents=true', 'list') }), undefined);
  t.is(readOptionsOrUndefined({ options: () => read('limit=5') })?.limit, 5);
  t.throws(() =>
    readOptionsOrUndefined({
      options: () => {
        throw new TypeError('a defect');
      },
    }),
  );
});
