/** Wall time that a session's steps and evaluations took, from which the rest is estimated. */
export class SpentTime {
  #steps = 0;
  #stepSeconds = 0;
  #evaluations = 0;
  #evaluateSeconds = 0;

  addStep(seconds: number): void {
    this.#steps++;
    this.#stepSeconds += seconds;
  }

  addEvaluation(seconds: number): void {
    this.#evaluations++;
    this.#evaluateSeconds += seconds;
  }

  /** Seconds that so many more will take; of evaluations only once one is known. Needs a step. */
  remaining(steps: number, evaluations: number): number {
    const evaluation = this.#evaluations > 0 ? this.#evaluateSeconds / this.#evaluations : 0;
    return (steps * this.#stepSeconds) / this.#steps + evaluations * evaluation;
  }
}
