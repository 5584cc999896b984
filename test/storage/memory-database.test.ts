import test from 'ava';
import { databaseSuite } from './database-suite.ts';
import { openMemoryDatabase } from './memory-database.ts';

databaseSuite(test, async (t) => {
  const database = await openMemoryDatabase();
  t.teardown(() => database.close());
  return database;
});
