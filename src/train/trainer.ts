import { BadImages, type Unreadable } from '../data/bad-images.ts';
import { UserError } from '../errors.ts';
import { writeFileAtomic } from '../files/files.ts';
import type { Tensor } from '../graph/tensor.ts';
import { type Checkpoint, checkTensors, loadCheckpoint, type Position } from '../run/checkpoint.ts';
import { CHECKPOINT_MINUTES, CheckpointWriter } from '../run/checkpoint-writer.ts';
import {
  type EpochRecord,
  emptyRunning,
  epochRecord,
  howTrained,
  type Running,
  type Scores,
  toScores,
} from '../run/history.ts';
import { appendLog, badImagesOf, createRun, rewriteLog, runPaths } from '../run/run.ts';
import { OneCycle, type StepRates } from '../run/schedule.ts';
import { plural } from '../words.ts';
import { DivergedError, firstInfinite } from './diverged.ts';
import { prepareInitial } from './initial.ts';
import { scoreSplit } from './score.ts';
import { SpentTime } from './spent-time.ts';
import type { LabelledBatch } from './step/learner.ts';
import type { TrainingEvent, TrainOptions, TrainResult } from './training.ts';

/**
 * Train a network as its configuration says: every epoch over all batches, the last partial one included, then
 * the test split, a line in the log and a checkpoint; at the end the exported model.
 *
 * The result depends on the configuration alone: on the CPU, a run that was interrupted and resumed at any step ends with
 * the same bits as one that was not.
 *
 * @throws DivergedError when the loss is no number any more (the last good checkpoint stays), another UserError when a
 *   file cannot be written, or when the checkpoint to resume from is missing or does not fit.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const session = options.resume === true ? await Session.resume(options) : await Session.begin(options);
  try {
    return await session.run();
  } finally {
    // What it reads from is closed next.
    await session.settle();
  }
}

class Session {
  readonly #options: TrainOptions;
  readonly #schedule: OneCycle;
  readonly #batches: number;
  readonly #epochs: number;
  readonly #checkpoint: string;
  readonly #writer: CheckpointWriter;
  readonly #emit: (event: TrainingEvent) => void;
  readonly #history: EpochRecord[];
  readonly #bad: BadImages;
  readonly #spent = new SpentTime();
  #position: Position;
  #running: Running;

  static async begin(options: TrainOptions): Promise<Session> {
    await createRun(options.out, options.config);
    const bad = new BadImages(badImagesOf(options.out, options.config, options.maxBad));
    return new Session(options, { epoch: 0, batch: 0, step: 0 }, emptyRunning(), [], bad);
  }

  static async resume(options: TrainOptions): Promise<Session> {
    const path = runPaths(options.out).checkpoint;
    const { weights, momentum, state } = await loadCheckpoint(path);
    const { learner, config } = options;
    checkTensors(learner.shapes.weights, weights, `${path}/weights.safetensors`);
    checkTensors(learner.shapes.momentum, momentum, `${path}/optimizer.safetensors`);
    const bad = await BadImages.resume(badImagesOf(options.out, options.config, options.maxBad));
    const session = new Session(options, state.position, state.running, state.history, bad);
    if (state.totalSteps !== session.#schedule.totalSteps || state.random.seed !== config.seed) {
      throw new UserError(
        `${path}: the checkpoint belongs to a run of ${plural(state.totalSteps, 'step')} with seed ${state.random.seed}, ` +
          `config.json describes one of ${plural(session.#schedule.totalSteps, 'step')} with seed ${config.seed}. ` +
          'Restore the config.json that the run was started with.',
      );
    }
    await learner.restore({ weights, momentum });
    await rewriteLog(options.out, state.history);
    return session;
  }

  private constructor(
    options: TrainOptions,
    position: Position,
    running: Running,
    history: readonly EpochRecord[],
    bad: BadImages,
  ) {
    const { recipe, data } = options.config;
    this.#options = options;
    this.#epochs = recipe.epochs;
    this.#batches = Math.ceil(data.trainImages / recipe.batchSize);
    this.#schedule = new OneCycle(this.#epochs * this.#batches, recipe.rates, recipe.momentum);
    this.#checkpoint = runPaths(options.out).checkpoint;
    this.#emit = options.onEvent ?? (() => {});
    this.#writer = new CheckpointWriter({
      path: this.#checkpoint,
      minutes: options.checkpointEvery ?? CHECKPOINT_MINUTES,
      onSaved: (at) => this.#emit({ kind: 'checkpoint', path: this.#checkpoint, position: at }),
      onFailed: (reason) => this.#emit({ kind: 'checkpointFailed', reason }),
    });
    this.#position = position;
    this.#running = { ...running };
    this.#history = [...history];
    this.#bad = bad;
  }

  async run(): Promise<TrainResult> {
    this.#emit({
      kind: 'start',
      epochs: this.#epochs,
      stepsPerEpoch: this.#batches,
      position: this.#position,
    });
    if (this.#position.step === 0 && !(await this.#prepare())) return this.#interrupt();
    while (this.#position.epoch < this.#epochs) {
      await this.#trainEpoch();
      const done = !this.#aborted && (await this.#finishEpoch());
      if (!done) return this.#interrupt();
    }
    await this.#export();
    return { status: 'finished', log: this.#history, position: this.#position };
  }

  /** Wait for what is still being written. */
  async settle(): Promise<void> {
    await this.#writer.settle();
  }

  /**
   * Before the first step of a run that starts from given weights. What it computes depends on nothing but these, so a
   * run that was interrupted here does it again. False when the signal came.
   */
  async #prepare(): Promise<boolean> {
    const { learner, data, config, onEvent } = this.#options;
    if (config.initial === undefined) return true;
    const evaluate = async (): Promise<Scores | undefined> => this.#evaluate((await learner.state()).weights);
    const aborted = (): boolean => this.#aborted;
    return prepareInitial({ learner, data, initial: config.initial, evaluate, aborted, onEvent });
  }

  get #aborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** The rest of the epoch's batches, or as many as are done when the signal comes. */
  async #trainEpoch(): Promise<void> {
    const { epoch, batch: startBatch } = this.#position;
    if (startBatch >= this.#batches) return;
    const source = this.#options.data.training(epoch, startBatch);
    const before = { ...this.#running };
    const begin = now();
    let reported = 0;
    let asked = begin;
    for await (const batch of source) {
      const got = now();
      const rates = this.#schedule.at(this.#position.step);
      // All images of a batch may have been unreadable; the schedule goes on all the same.
      if (batch.count > 0) await this.#step(batch, rates);
      const done = now();
      const { step, batch: index } = this.#position;
      this.#position = { epoch, batch: index + 1, step: step + 1 };
      await this.#leaveOut(source.badImages.slice(reported));
      reported = source.badImages.length;
      this.#running.badImages = before.badImages + reported;
      this.#running.dataSeconds += got - asked;
      this.#running.stepSeconds += done - got;
      this.#running.trainSeconds = before.trainSeconds + done - begin;
      this.#spent.addStep(done - asked);
      this.#reportStep(rates, (this.#running.images - before.images) / Math.max(done - begin, 1e-6));
      asked = done;
      if (this.#aborted) return;
      this.#saveIfDue();
    }
  }

  /**
   * Save where the run stands while it goes on: the engine answers in order, so that what is asked of it now is answered
   * before the next step is carried out.
   */
  #saveIfDue(): void {
    if (this.#position.step === 0 || !this.#writer.due) return;
    const asked = this.#options.learner.state();
    const state = this.#stateToSave();
    this.#writer.beside(async () => {
      const tensors = await asked;
      // Garbage must not take the place of the last good one; the next step finds it out.
      if (firstInfinite(tensors.weights) !== undefined) return undefined;
      await this.#bad.save();
      return { ...tensors, ...state };
    });
  }

  async #step(batch: LabelledBatch, rates: StepRates): Promise<void> {
    const { batch: index, step } = this.#position;
    const { loss, top1, top5 } = await this.#options.learner.step(batch, { ...rates, step });
    if (!Number.isFinite(loss))
      this.#diverged(`the training loss became ${loss}`, { batch: index + 1, step: step + 1 });
    this.#running.loss += loss * batch.count;
    this.#running.top1 += top1;
    this.#running.top5 += top5;
    this.#running.images += batch.count;
  }

  #reportStep(rates: StepRates, imagesPerSecond: number): void {
    const { epoch, batch } = this.#position;
    const { loss, top1 } = toScores(this.#running);
    this.#emit({
      kind: 'step',
      epoch: epoch + 1,
      batch,
      batches: this.#batches,
      loss,
      top1,
      learningRate: rates.lr,
      imagesPerSecond,
      remainingSeconds: this.#spent.remaining(
        this.#schedule.totalSteps - this.#position.step,
        this.#epochs - epoch,
      ),
    });
  }

  /** Evaluate, log and save. False when the signal came during the evaluation, which is then done again on resuming. */
  async #finishEpoch(): Promise<boolean> {
    const { learner } = this.#options;
    const { epoch, step } = this.#position;
    const rates = this.#schedule.at(step - 1);
    const state = await learner.state();
    this.#checkFinite(state.weights);
    const begin = now();
    const test = await this.#evaluate(state.weights);
    if (test === undefined) return false;
    if (!Number.isFinite(test.loss)) this.#diverged(`the test loss became ${test.loss}`, this.#position);
    const evaluate = now() - begin;
    this.#spent.addEvaluation(evaluate);
    const record = epochRecord(this.#running, {
      epoch: epoch + 1,
      step,
      test,
      rates,
      evaluateSeconds: evaluate,
    });
    this.#history.push(record);
    this.#position = { epoch: epoch + 1, batch: 0, step };
    this.#running = emptyRunning();
    await this.#save(state);
    await appendLog(this.#options.out, record);
    this.#emit({ kind: 'epoch', record, epochs: this.#epochs });
    return true;
  }

  async #evaluate(weights: Map<string, Tensor>): Promise<Scores | undefined> {
    const { learner, data, config } = this.#options;
    const classifier = await learner.classifier(weights);
    const stopped = new Error('stopped');
    try {
      const source = data.test();
      const scores = await scoreSplit(classifier, source, learner.classes, (images) => {
        if (this.#aborted) throw stopped;
        this.#saveIfDue();
        this.#emit({
          kind: 'evaluate',
          epoch: this.#position.step === 0 ? 0 : this.#position.epoch + 1,
          images,
          total: config.data.testImages,
        });
      });
      await this.#leaveOut(source.badImages);
      return scores;
    } catch (error) {
      if (error === stopped) return undefined;
      throw error;
    } finally {
      await classifier.dispose();
    }
  }

  async #interrupt(): Promise<TrainResult> {
    // Not the user's wish, but a reason to write nothing more.
    const { reason } = this.#options.signal ?? {};
    if (reason instanceof UserError) throw reason;
    const state = await this.#options.learner.state();
    this.#checkFinite(state.weights);
    await this.#save(state);
    return { status: 'interrupted', log: this.#history, position: this.#position };
  }

  /** Tell of images that could not be read, and stop where they are too many. */
  async #leaveOut(images: readonly Unreadable[]): Promise<void> {
    for (const { path, reason } of await this.#bad.add(images))
      this.#emit({ kind: 'badImage', path, reason });
  }

  async #save(state: { weights: Map<string, Tensor>; momentum: Map<string, Tensor> }): Promise<void> {
    await this.#bad.save();
    await this.#writer.save({ ...state, ...this.#stateToSave() });
  }

  /** All of a checkpoint but its tensors, as it is now. */
  #stateToSave(): Pick<Checkpoint, 'metadata' | 'state'> {
    const { learner, config } = this.#options;
    return {
      metadata: learner.metadata(howTrained(config, this.#position.step, this.#history)),
      state: {
        position: this.#position,
        totalSteps: this.#schedule.totalSteps,
        random: { scheme: 'keyed', seed: config.seed },
        running: { ...this.#running },
        history: [...this.#history],
      },
    };
  }

  async #export(): Promise<void> {
    const { learner, config, out } = this.#options;
    const { weights } = await learner.state();
    const bytes = learner.exportModel(weights, howTrained(config, this.#position.step, this.#history));
    const { model } = runPaths(out);
    await writeFileAtomic(model, bytes);
    this.#emit({ kind: 'finished', model, log: this.#history, badImages: this.#bad.list });
  }

  #checkFinite(weights: ReadonlyMap<string, Tensor>): void {
    const name = firstInfinite(weights);
    if (name !== undefined)
      this.#diverged(`'${name}' holds values that are no finite numbers`, this.#position);
  }

  /** Stop: nothing is saved, so the last checkpoint is a good one. */
  #diverged(what: string, at: { batch: number; step: number }): never {
    const saved = this.#history.length > 0 || this.#options.resume === true || this.#writer.saved;
    throw DivergedError.at({
      reason: what,
      step: at.step,
      epoch: this.#position.epoch + 1,
      batch: `${at.batch} of ${this.#batches}`,
      rate: this.#schedule.at(Math.max(0, at.step - 1)).lr,
      ...(saved && { checkpoint: this.#checkpoint }),
    });
  }
}

/** Seconds on a clock that never goes back. */
const now = (): number => performance.now() / 1000;
