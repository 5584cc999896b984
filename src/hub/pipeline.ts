// The way of a request, top to bottom. A handler may answer, or call next() once. It must not care who stands above it.
import { compose, type Exchange, type Handler } from './exchange.ts';
import { answerErrorsAsStatus } from './handlers/answer-errors-as-status.ts';
import { chooseView } from './handlers/choose-view.ts';
import { forwardUpstream } from './handlers/forward-upstream.ts';
import { identifyCaller } from './handlers/identify-caller.ts';
import { observe } from './handlers/observe.ts';
import { parseRequest } from './handlers/parse-request.ts';
import { refuseOwnVersions } from './handlers/refuse-own-versions.ts';
import { refuseWhenClosing } from './handlers/refuse-when-closing.ts';
import { relayWatch } from './handlers/relay-watch.ts';
import { serveFiltered } from './handlers/serve-filtered.ts';
import { serveOffline } from './handlers/serve-offline.ts';
import { serveOwed } from './handlers/serve-owed.ts';
import { serveSharedList } from './handlers/serve-shared-list.ts';
import { serveSharedWatch } from './handlers/serve-shared-watch.ts';
import { serveStoredObject } from './handlers/serve-stored-object.ts';
import type { Services } from './services.ts';

export const pipeline = (services: Services): readonly Handler[] => [
  observe(services), //              duration, by verb and by who answered
  answerErrorsAsStatus(services), // any throw becomes a metav1.Status
  refuseWhenClosing(services),
  parseRequest(), //                 URL -> verb, resource, namespace, name
  identifyCaller(services), //       who asks, and with which credential it goes to the cloud
  chooseView(services), //           which filters concern the answer: of most requests none
  serveOffline(services), //         link down, or found to be down by what is below: from the store, else 503
  serveOwed(services), //            what was written here and the cloud has not heard of yet
  serveSharedList(services), //      LIST from a scope that is followed
  serveSharedWatch(services), //     WATCH joined to the one upstream watch of its scope
  refuseOwnVersions(services), //    WATCH from a version that only this node gave out
  relayWatch(services), //           WATCH of its own for one client, resumed after a cut
  serveStoredObject(services), //    GET that takes any version
  serveFiltered(services), //        GET and LIST that filters concern, from the cloud
  forwardUpstream(services), //      everything else goes to the cloud; what comes back is remembered
];

export function createPipeline(services: Services): (exchange: Exchange) => Promise<void> {
  return compose(pipeline(services));
}
