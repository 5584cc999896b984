// What the cloud says of the time is heard in passing, from each of its answers.
import type { CloudTime } from './cloud-time.ts';
import type { Transport } from './transport.ts';

export function timeHearingTransport(transport: Transport, time: Pick<CloudTime, 'heard'>): Transport {
  return {
    async get(request) {
      const answer = await transport.get(request);
      time.heard(answer.headers.date);
      return answer;
    },
  };
}
