import test from 'ava';
import { podClaims } from '../../../src/hub/offline/pod-claims.ts';

test('the claims of a pod are those it names, and those made for its ephemeral volumes', (t) => {
  const volumes = [
    { name: 'data', persistentVolumeClaim: { claimName: 'mine' } },
    { name: 'scratch', ephemeral: { volumeClaimTemplate: {} } },
    { name: 'none', emptyDir: {} },
    { name: 'lure', csi: { volumeAttributes: { claimName: 'not-mine' } } },
  ];
  t.deepEqual(podClaims({ metadata: { name: 'web' }, spec: { volumes } }), ['mine', 'web-scratch']);
  for (const nothing of [{}, { spec: {} }, { spec: null }]) t.deepEqual(podClaims(nothing), []);
});
