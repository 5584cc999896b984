// The tests of one file come one after another: they share a cluster, and a link that some of them cut. Ava's own setting for
// that takes the files one by one, too, and they are half an hour long then.
import ava from 'ava';

export const test = ava.serial;
