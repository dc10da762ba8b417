/** What a pickle says, as data: descriptions in place of classes, calls and objects. */

/** A class or a function, by name alone. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** What some class or function made of some arguments: kept, not made. */
export class PickleObject {
  /** Full name of the class or function; undefined when it is no plain name. */
  readonly callable: string | undefined;
  readonly args: readonly PickleValue[];
  /** What its `__setstate__` or `__dict__` would have got. */
  state: PickleValue = null;
  /** Entries, where it is a kind of dictionary. */
  readonly entries = new Map<PickleValue, PickleValue>();

  constructor(callable: PickleValue, args: readonly PickleValue[]) {
    this.callable = callable instanceof PickleGlobal ? callable.name : undefined;
    this.args = args;
  }
}

/** Something stored beside the pickle: PyTorch's storages are. */
export class PersistentId {
  constructor(readonly id: PickleValue) {}
}

/** Tuples and lists are arrays, dictionaries are maps. Values may refer to each other in circles. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Set<PickleValue>
  | Map<PickleValue, PickleValue>
  | PickleGlobal
  | PickleObject
  | PersistentId;

/** What is wrong with the bytes. */
export class PickleError extends Error {}
