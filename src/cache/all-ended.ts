/** As `Promise.all`, but also a failure is heard of only when nothing goes on any more. @throws the first of them in order */
export async function allEnded(promises: readonly (Promise<void> | undefined)[]): Promise<void> {
  await Promise.allSettled(promises);
  await Promise.all(promises);
}
