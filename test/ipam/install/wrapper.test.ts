import test from 'ava';
import fc from 'fast-check';
import {
  bundleMark,
  bundleName,
  bundleVersion,
  isWrapper,
  nodeCopyName,
  parseWrapper,
  wrapperText,
} from '../../../src/ipam/install/wrapper.ts';

const place = '/opt/cni/bin/holdfast-ipam';
const directory = fc.array(fc.string({ unit: fc.constantFrom("'", '"', ' ', '$', '\\', 'a', 'ü'), minLength: 1 }), {
  minLength: 1,
  maxLength: 3,
});

test('what a wrapper starts is read as it was written, whatever the path', (t) => {
  fc.assert(
    fc.property(directory, directory, (one, other) => {
      const [node, bundle] = [`/${one.join('/')}/node`, `/${other.join('/')}/${bundleName}`];
      const text = wrapperText(node, bundle);
      t.true(isWrapper(text));
      t.deepEqual(parseWrapper(place, text), { node, bundle });
    }),
  );
});

test('a bare name is a file beside the wrapper, wherever that is', (t) => {
  const text = wrapperText(nodeCopyName, bundleName);
  t.true(isWrapper(text));
  t.deepEqual(parseWrapper('/elsewhere/holdfast-ipam', text), {
    node: `/elsewhere/${nodeCopyName}`,
    bundle: `/elsewhere/${bundleName}`,
  });
});

test('a program of somebody else is no wrapper, and no bundle', (t) => {
  for (const text of ['', '#!/bin/sh\nexec host-local\n', '\x7fELF']) {
    t.false(isWrapper(text));
    t.is(parseWrapper(place, text), undefined);
    t.is(bundleVersion(text), undefined);
  }
  t.is(bundleVersion(`${bundleMark}1.2.3\nthe rest`), '1.2.3');
});
