export * from './image';
export * from './jpeg';
