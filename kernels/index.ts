export * from './image';
export * from './jpeg';
export * from './levels';
export * from './resize';
