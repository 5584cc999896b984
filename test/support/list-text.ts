// Lists and their items as one piece of text, to be compared.
import { assembleList, type ListItem, type ListText } from '../../src/apimachinery/list-splitter.ts';

/** What the client gets; fails if the announced length is another. */
export function wholeText({ bytes, blocks }: ListText): Buffer {
  const text = Buffer.concat([...blocks]);
  if (text.length !== bytes) throw new Error(`${bytes} bytes were announced, ${text.length} came`);
  return text;
}

/** As it stands inside a List. */
export function itemText(item: ListItem): Buffer {
  const list = { kind: 'List', apiVersion: 'v1', resourceVersion: '1' };
  const empty = wholeText(assembleList(list, []));
  const text = wholeText(assembleList(list, [item]));
  const closing = ']}\n'.length;
  return text.subarray(empty.length - closing, -closing);
}
