import test from 'ava';
import { joinedText } from '../../src/cli/join-text.ts';

const joined = { nodeName: 'edge-7', notAfterMs: Date.parse('2027-11-21T10:00:00.000Z'), hasEnrolment: true };
const places = { dataDir: '/srv/hub', kubeletConf: '/etc/kubernetes/kubelet.conf', keepsToken: true };

test('who joins with another port or directory is told how the hub hears of it', (t) => {
  t.notRegex(joinedText(joined, { ...places, settings: [] }), /\/etc\/default/);
  t.regex(
    joinedText(joined, { ...places, settings: ['HOLDFAST_LISTEN=127.0.0.1:1', 'HOLDFAST_DATA_DIR=/srv/hub'] }),
    /Put HOLDFAST_LISTEN=127\.0\.0\.1:1 and HOLDFAST_DATA_DIR=\/srv\/hub into \/etc\/default\/holdfast: .* systemctl enable/,
  );
});
