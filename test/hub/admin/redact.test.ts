import test from 'ava';
import fc from 'fast-check';
import { redactField, redactObject } from '../../../src/hub/admin/redact.ts';

test('no value of a secret is shown, wherever in the object it stands', (t) => {
  const value = fc.stringMatching(/^[a-z]{12}$/);
  fc.assert(
    fc.property(value, fc.string(), (password, key) => {
      const encoded = Buffer.from(password).toString('base64');
      const secret = {
        kind: 'Secret',
        metadata: {
          name: 's',
          annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"data":"${encoded}"}`, owner: 'me' },
        },
        data: { [key]: encoded },
        stringData: { [key]: password },
      };
      const shown = redactObject('secrets', Buffer.from(JSON.stringify(secret)));
      t.false(shown.includes(password) || shown.includes(encoded));
      t.true(shown.includes('"owner": "me"'));
    }),
  );
});

test('a secret without the usual fields, or found under another resource, is redacted too', (t) => {
  t.deepEqual(JSON.parse(redactObject('secrets', Buffer.from('{"metadata":{"name":"s"},"data":{"a":7}}'))), {
    metadata: { name: 's' },
    data: { a: '<redacted>' },
  });
  t.regex(redactObject('things', Buffer.from('{"kind":"Secret","data":{"a":"eA=="}}')), /<1 bytes>/);
});

test('other objects are shown whole', (t) => {
  const configMap = { kind: 'ConfigMap', data: { a: 'b' }, metadata: { annotations: { x: 'y' } } };
  t.deepEqual(JSON.parse(redactObject('configmaps', Buffer.from(JSON.stringify(configMap)))), configMap);
});

test('a field of a secret alone is redacted as it is in the whole', (t) => {
  const applied = ['metadata', 'annotations', 'kubectl.kubernetes.io/last-applied-configuration'];
  t.is(redactField('aHVudGVyMg==', ['data', 'password']), '<7 bytes>');
  t.is(redactField('hunter2', ['stringData', 'password']), '<7 bytes>');
  t.is(redactField('hunter2', ['data']), '<redacted>');
  t.is(redactField('hunter2', applied), '<redacted>');
  t.deepEqual(redactField({ [applied[2]!]: 'hunter2', owner: 'me' }, applied.slice(0, 2)), {
    [applied[2]!]: '<redacted>',
    owner: 'me',
  });
  t.is(redactField('Opaque', ['type']), 'Opaque');
});
