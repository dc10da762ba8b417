/** Takes a lock and says so; holds it until its input ends. Run by lock.test.ts in several processes at once. */
import { takeLock } from '../../src/files/lock.ts';

process.stdin.resume();
process.stdin.once('data', async () => {
  try {
    const { release } = await takeLock(process.argv[2]!);
    console.log('taken');
    process.stdin.once('end', async () => {
      await release();
      process.exit();
    });
  } catch (error) {
    console.log((error as Error).message);
    process.exit();
  }
});
console.log('ready');
