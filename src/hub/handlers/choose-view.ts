// Through which filters the answer goes, if any. A watch that would go on from what was told through other filters than
// those of now is told 410, so that its client lists anew.
import { continuedVersion } from '../../apimachinery/continued-version.ts';
import { expired } from '../../apimachinery/status.ts';
import { readOptionsOrUndefined } from '../../cache/read-options.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { AnsweredViews } from '../filters/answered-views.ts';
import type { ObjectView } from '../filters/object-view.ts';
import type { ResponseFilters } from '../filters/response-filters.ts';
import type { CollectionRead } from '../read-request.ts';

export function chooseView({ filters }: { readonly filters: ResponseFilters }): Handler {
  const answered = new AnsweredViews();
  return (exchange, next) => (filters.isEmpty ? next() : choose(exchange, next));

  async function choose(exchange: Exchange, next: () => Promise<void>): Promise<void> {
    const { info, request, read } = exchange;
    const isRead = read !== undefined && info.gvr !== undefined;
    const find = (): ObjectView | undefined =>
      isRead ? filters.viewOf(request.headers['user-agent'], info.gvr!) : undefined;
    if (find() === undefined) return next();
    await filters.settled;
    const view = find();
    exchange.view = view;
    if (view === undefined || read?.verb === 'get' || read === undefined) return next();
    const { identity, bearer } = exchange.caller;
    const reader = `${bearer?.claimed ?? identity}|${request.headers['user-agent']}|${read.scope.id}`;
    const from = goesOnFrom(read);
    if (from === 'nothing') exchange.tells = (resourceVersion) => answered.note(reader, view, resourceVersion);
    else if (!answered.mayGoOn(reader, view, from)) {
      throw expired('what this node shows of this resource may have changed since; list again');
    }
    return next();
  }
}

/** The version of a page or of a watch that the client has; undefined when it cannot be read. */
function goesOnFrom(read: CollectionRead): string | undefined | 'nothing' {
  const options = readOptionsOrUndefined(read);
  if (options === undefined) return 'nothing';
  if (read.verb === 'list') return options.continue === '' ? 'nothing' : continuedVersion(options.continue);
  const { resourceVersion, sendInitialEvents } = options;
  const goesOn = resourceVersion !== '' && resourceVersion !== '0' && sendInitialEvents !== true;
  return goesOn ? resourceVersion : 'nothing';
}
