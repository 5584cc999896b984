// Ways to take from a node what is its own, or to say of it what is not so, each with the test that has to notice.
import type { Mutant } from './mutant-list.ts';

export const nodeMutants: readonly Mutant[] = [
  {
    name: 'what the node itself may read ends after thirty days',
    edits: [
      {
        file: 'src/cache/right-age.ts',
        from: 'return identity === nodeLender.identity || ageMs < lifetimeMs;',
        to: 'return ageMs < lifetimeMs;',
      },
    ],
    test: {
      file: 'test/hub/promises/long-away.test.ts',
      title: 'a node that is started anew on the fortieth day of an outage has its pods and what they need',
    },
  },
  {
    name: 'what anybody may read does not end with time',
    edits: [
      {
        file: 'src/cache/right-age.ts',
        from: 'return identity === nodeLender.identity || ageMs < lifetimeMs;',
        to: 'return true;',
      },
    ],
    test: { file: 'test/cache/rights.test.ts', title: 'a right ends a lifetime after it was last seen' },
  },
  {
    name: 'an API server behind the apiserver takes a token its trust',
    edits: [
      {
        file: 'src/hub/note-answer.ts',
        from: 'if (isAnsweredByAnother(info) || isRefusedBehind(head)) return false;',
        to: 'if (isAnsweredByAnother(info)) return false;',
      },
    ],
    test: {
      file: 'test/hub/note-answer.test.ts',
      title:
        'nor does an aggregated API that the apiserver has passed the request on to, unless it is the apiserver that refuses',
    },
  },
  {
    name: 'no 401 under a path of an aggregated API is the word of the apiserver',
    edits: [
      {
        file: 'src/cache/apiserver-answer.ts',
        from: "return statusCode === 401 && headers['x-kubernetes-pf-flowschema-uid'] !== undefined;",
        to: 'return statusCode === 401 && headers !== undefined;',
      },
    ],
    test: {
      file: 'test/cache/apiserver-answer.test.ts',
      title:
        'a 401 of an API behind the kube-apiserver is told from its own: that one was never filed under a flow schema',
    },
  },
  {
    name: 'a file is replaced whatever has come in its place meanwhile',
    edits: [
      {
        file: 'src/hub/pki/whole-file.ts',
        from: 'if (!(await isMeant())) {',
        to: 'if (!(await isMeant()) && false) {',
      },
    ],
    test: {
      file: 'test/hub/enrolment/follow-authority.test.ts',
      title: 'what a join has put there meanwhile stays: the news are of the cluster that the node has left',
    },
  },
  {
    name: 'a reboot is taken for another machine',
    edits: [{ file: 'src/hub/name-sharing.ts', from: 'const givenWayLimit = 2;', to: 'const givenWayLimit = 1;' }],
    test: {
      file: 'test/hub/name-sharing.test.ts',
      title:
        'neither a reboot, nor the Node as it was before one, nor a kubelet that tells another id, is another machine',
    },
  },
  {
    name: 'a watch by WebSocket shows what is hidden',
    edits: [
      {
        file: 'src/hub/listener/open-api-ports.ts',
        from: 'if (isFiltered(services, info, request)) {',
        to: 'if (isFiltered(services, info, request) && kind === undefined) {',
      },
    ],
    test: {
      file: 'test/hub/promises/filters.test.ts',
      title:
        'a watch by WebSocket shows nothing that is hidden: a program that a filter concerns is told to ask without',
    },
  },
  {
    name: 'a certificate that has expired is said to work',
    edits: [
      { file: 'src/hub/enrolment/leave.ts', from: 'if (ours.notAfterMs < nowMs) return', to: 'if (nowMs < 0) return' },
    ],
    test: {
      file: 'test/hub/enrolment/leaving.test.ts',
      title: "what is left of the hub's is told for what it is: usable, expired too, or of another node",
    },
  },
];
