// Lists and their items as one piece of text, to be compared.
import { type ListHead, type ListItem, ListText } from '../../src/apimachinery/list-text.ts';

/** What the client gets, read in blocks of this size; fails if the announced length is another. */
export function listText(head: ListHead, items: readonly ListItem[], blockBytes = 1000): Buffer {
  const text = new ListText(head, items);
  const block = Buffer.alloc(blockBytes);
  const pieces: Buffer[] = [];
  for (let filled = text.read(block); filled > 0; filled = text.read(block)) {
    pieces.push(Buffer.from(block.subarray(0, filled)));
  }
  const whole = Buffer.concat(pieces);
  if (whole.length !== text.bytes) throw new Error(`${text.bytes} bytes were announced, ${whole.length} came`);
  if (pieces.slice(0, -1).some(({ length }) => length < blockBytes)) throw new Error('a block was not filled');
  return whole;
}

/** As it stands inside a List. */
export function itemText(item: ListItem): Buffer {
  const head = { kind: 'List', apiVersion: 'v1', resourceVersion: '1' };
  const closing = ']}\n'.length;
  return listText(head, [item]).subarray(listText(head, []).length - closing, -closing);
}
