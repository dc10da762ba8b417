/** What a line on the process's standard error begins with that is meant for people, not left for when it dies. */
export const NOTE = 'pushpull note: ';
