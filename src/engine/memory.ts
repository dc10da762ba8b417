import { OutOfMemoryError, UserError } from '../errors.ts';

/**
 * Work on a batch of images, in which memory may run out.
 *
 * @param batch Images of a full batch.
 * @param fixed Whether the model takes no other number.
 * @throws UserError with the batch size to try when it does
 */
export async function withBatchAdvice<T>(
  { batch, fixed = false }: { readonly batch: number; readonly fixed?: boolean },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    const cure = fixed
      ? `the model takes batches of ${batch} only: export it with a free batch size, or use another --device`
      : batch > 1
        ? `try --batch ${Math.floor(batch / 2)}`
        : 'there is no smaller batch: use a smaller network or smaller images, or another --device';
    const { message } = error;
    throw new UserError(fixed ? `${message}; ${cure}` : `--batch ${batch}: ${message}; ${cure}`);
  }
}
