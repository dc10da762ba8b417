/**
 * A mistake that the user can mend: a wrong option, a missing or broken file, an absent device.
 *
 * The message names the file or option, what was expected, what was found and what to do.
 * The command line prints it as one line and exits with status 2; anything else that is thrown
 * is a defect of this project and keeps its stack.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** Memory ran out, of the machine or of the device: less work at a time is the cure. */
export class OutOfMemoryError extends UserError {}

/** A model that was stopped, or ended by itself, and answers no more: there is no use in asking it again. */
export class ModelStoppedError extends UserError {}
