/** Many small jobs, some at a time. */

/** Runs `work` on every item, at most `limit` at once; what it throws is collected as messages. */
export async function problemsOf<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<string[]> {
  const problems: string[] = [];
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) {
      try {
        await work(item);
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return problems;
}
